/* Books of other plans and versions that lie beside this one; `make book` writes their list here once they do. */
window.EDITIONS = [];
