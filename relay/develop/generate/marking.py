"""How a derived file says that it is one."""

MARK = "<!-- Derived by `relay generate`; do not edit. -->"
