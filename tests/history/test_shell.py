"""``prudent import`` keeps what it can read, says what it understood, and refuses by name."""

from portlib.__main__ import main


def test_files_are_kept_and_refused_one_by_one(tmp_path, capsys):
    good = tmp_path / "GS10.csv"
    good.write_text("observation_date,GS10\n2026-05-01,4.48\n2026-06-01,\n2026-07-01,4.6\n")
    bad = tmp_path / "page.csv"
    bad.write_text("<html>404</html>")
    folder = tmp_path / "fetched"
    assert main(["import", str(good), str(bad), "--folder", str(folder)]) == 1
    said = capsys.readouterr()
    assert (
        "GS10, vintage 2026-07-31, 2026-05-31 to 2026-07-31: blank, and kept missing: 1" in said.out
    )
    assert f"kept in {folder}, SHA-256" in said.out
    assert (
        said.err == "refused: page.csv: is a web page, not data; was the download an error page?\n"
    )
    assert main(["import", str(good), "--folder", str(folder)]) == 0
    assert "is the file that was kept already" in capsys.readouterr().out


def test_a_series_without_a_name_is_read_when_told(tmp_path, capsys):
    path = tmp_path / "monthly.csv"
    path.write_text("Date,Rate\n2026-05-01,4.48\n2026-06-01,4.47\n")
    arguments = ["import", str(path), "--folder", str(tmp_path / "fetched")]
    assert main(arguments) == 1
    assert "say which, as in --series GS10" in capsys.readouterr().err
    assert main([*arguments, "--series", "GS10"]) == 0
