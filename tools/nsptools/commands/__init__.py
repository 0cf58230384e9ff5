"""One module a subcommand of ``nsp``: the module's name is the command's name.

A module holds either ``command``, a function (``nsp demo``), or ``app``, a
``typer.Typer`` with commands of its own (``nsp gateway run``). The first line
of its docstring is its line in ``nsp --help``. Only the module that is asked
for is imported (see ``nsptools.cli``).
"""
