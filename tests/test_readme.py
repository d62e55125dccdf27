"""What the README says can be done, can be done: its examples run, its files exist, its commands
are make's."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_examples_run_one_after_the_other() -> None:
    examples = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert len(examples) >= 2
    names: dict[str, object] = {}
    for number, example in enumerate(examples, start=1):
        exec(compile(example, f"README.md, example {number}", "exec"), names)


def test_every_file_that_it_names_is_there() -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]
    folders = re.findall(r"^    (\w+/)\s", README, re.MULTILINE)
    assert targets
    assert folders
    missing = [target for target in [*targets, *folders] if not (ROOT / target).exists()]
    assert not missing


def test_every_command_that_it_names_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = set(re.findall(r"(?:^    |`|: )make ([a-z]+)", README, re.MULTILINE))
    assert {"book", "test", "help", "bench"} <= commands
    assert all(re.search(rf"^{command}:", makefile, re.MULTILINE) for command in commands)
