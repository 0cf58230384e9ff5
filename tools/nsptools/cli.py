"""The ``nsp`` command: finds its subcommands in ``nsptools.commands`` and runs one.

Only the module of the subcommand that was asked for is imported, so that the
start of one does not pay for the others. Exit codes: 0 done, 1 failed, 2 wrong
usage, 130 interrupted, or the ``exit_code`` of the error that was raised.
"""

import ast
import errno
import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import typer

from nsptools import commands

# A place or a disk that whoever typed it can mend, wherever it was come across.
_THEIRS = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EEXIST}
    | {errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}
)
_THEIR_CURE = "Check the path, the room on the disk, and what this account may do there."


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``nsp`` with these arguments (default: the process's own); return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        typer.main.get_command(_build(arguments))(args=arguments, prog_name="nsp")
    except SystemExit as end:
        return _code(end)
    except Exception as error:
        # The boundary to the person: an error that knows its exit code is theirs to mend and gets
        # one line; anything else is a bug of ours and keeps its traceback.
        if isinstance(error, OSError) and error.errno in _THEIRS:
            where = f"{error.filename}: " if error.filename else ""
            print(f"nsp: {where}{error.strerror}. {_THEIR_CURE}", file=sys.stderr)
            return 2
        code = getattr(error, "exit_code", None)
        if not isinstance(code, int):
            raise
        print(f"nsp: {error}", file=sys.stderr)
        return code
    return 0


def _code(end: SystemExit) -> int:
    """The number in a SystemExit; a text in it is printed, as the interpreter would."""
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    print(end.code, file=sys.stderr)
    return 1


def _build(arguments: Sequence[str]) -> typer.Typer:
    """Build the application: the command asked for, or every command's name and help line."""
    root = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
    root.callback(help="Tools for the kits and the gateway of Dutch emergency support points.")(_nothing)
    names = _names()
    wanted = names.get(arguments[0]) if arguments else None
    if wanted:
        _add(root, arguments[0], importlib.import_module(f"{commands.__name__}.{wanted}"))
        return root
    for name, module in names.items():
        root.command(name, help=_help_line(module))(_nothing)
    return root


def _add(root: typer.Typer, name: str, module: ModuleType) -> None:
    """Hang the module's ``app`` or ``command`` under the root."""
    app: typer.Typer | None = getattr(module, "app", None)
    if app is not None:
        root.add_typer(app, name=name, help=module.__doc__, no_args_is_help=True)
        return
    command: Callable[..., object] = module.command
    root.command(name)(command)


def _names() -> dict[str, str]:
    """Every command's name, as typed, with the name of its module."""
    found = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))
    return {name.replace("_", "-"): name for name in found if not name.startswith("_")}


def _help_line(module: str) -> str:
    """First line of a command module's docstring, read without importing the module."""
    source = next(path for folder in commands.__path__ if (path := Path(folder) / f"{module}.py").exists())
    docstring = ast.get_docstring(ast.parse(source.read_text())) or ""
    return docstring.partition("\n")[0]


def _nothing() -> None:
    """Stand in for the root, and for commands that are listed but not run."""


if __name__ == "__main__":
    sys.exit(main())
