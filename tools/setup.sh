#!/usr/bin/env bash
# Sets up what is missing, says what it does, and does nothing the second time.
#
#   tools/setup.sh demo      .venv with the gateway, the simulated devices and the broker of the demo
#   tools/setup.sh dev       as above, with everything that tests and checks need
#   tools/setup.sh system    Debian packages that the tests drive: mosquitto, chromium, nut-server
#   tools/setup.sh stubs     types of MicroPython for the check of the firmware, in .venv/typings
#
# Several may be named, in this order. What was done is remembered in .venv/stamp-*: the hashes of the
# files that it was made from. PYTHON=... chooses another interpreter than python3.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

say() { printf 'nspkit: %s\n' "$*"; }

die() { # die LINE...: what is wrong, then what to do about it
  printf 'nspkit: %s\n' "$@" >&2
  exit 1
}

# --- Debian packages ---------------------------------------------------------

root=() # what stands before a command that only root may run

install_debian() { # install_debian PACKAGE...
  command -v apt-get >/dev/null ||
    die "missing here, and there is no apt-get to install it: $*" "install it your own way, then run this again"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      die "Debian packages are missing: $*" "run as root: apt-get install --no-install-recommends $*"
    root=(sudo)
  fi
  say "installing Debian packages: $*${root:+ (sudo may ask for your password)}"
  if [ ! -e /usr/sbin/policy-rc.d ]; then # Debian's way to keep a package from starting its service
    trap '"${root[@]}" rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee /usr/sbin/policy-rc.d >/dev/null
    "${root[@]}" chmod 755 /usr/sbin/policy-rc.d
  fi
  apt update
  apt install -y --no-install-recommends "$@"
}

apt() { # apt VERB...: quiet unless it fails
  local log
  log=$(mktemp)
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1 || {
    tail -n 5 "$log" >&2
    rm -f "$log"
    die "apt-get $1 failed: see above" "is there a network, and does /etc/apt name a Debian mirror that answers?"
  }
  rm -f "$log"
}

system() {
  local missing=()
  PATH=$PATH:/usr/sbin type -P mosquitto >/dev/null || missing+=(mosquitto)
  type -P chromium >/dev/null || missing+=(chromium)
  [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || missing+=(fonts-dejavu-core)
  compgen -G '/usr/lib/*/libatomic.so.1' >/dev/null || missing+=(libatomic1) # Playwright's driver loads it
  # Debian's own upsd and drivers stay off: MODE=none in /etc/nut/nut.conf, until somebody changes it.
  [ -x /lib/nut/dummy-ups ] || missing+=(nut-server)
  [ ${#missing[@]} = 0 ] && return
  install_debian "${missing[@]}"
  # The tests start brokers of their own. Debian's would start at the next boot and hold port 1883.
  if [[ " ${missing[*]} " == *" mosquitto "* ]] && [ -d /run/systemd/system ]; then
    say "turning Debian's own mosquitto service off: the tests start theirs"
    "${root[@]}" systemctl --quiet disable mosquitto
  fi
}

# --- Python environment ------------------------------------------------------

made_from() { # made_from FILE...: what a stamp holds
  pwd
  readlink -f .venv/bin/python
  sha256sum "$@"
}

fresh() { # fresh NAME FILE...: was NAME made here, by this interpreter, from these very files?
  local stamp=.venv/stamp-$1
  shift
  [ -x .venv/bin/python ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(made_from "$@")" ]
}

stamp() { # stamp NAME FILE...
  local stamp=.venv/stamp-$1
  shift
  made_from "$@" >"$stamp"
}

environment() { # an environment that was moved, or whose interpreter is gone, is made anew
  fresh environment /dev/null && return
  [ "$(uname -sm)" = "Linux x86_64" ] ||
    die "the simulated kits run a MicroPython that is built for Linux on x86_64 only; this is $(uname -sm)" \
      "the gateway alone runs here too: python3 -m venv DIR && DIR/bin/pip install ."
  type -P "$python" >/dev/null || die "there is no $python" "install Python 3.11 or newer, or name one: make PYTHON=..."
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "Python 3.11 or newer is needed; $python is $("$python" -V 2>&1)" "name another one: make PYTHON=..."
  "$python" -c 'import ensurepip' 2>/dev/null || install_debian python3-venv
  say "making the Python environment .venv"
  "$python" -m venv --clear .venv || die "$python -m venv failed: see above"
  stamp environment /dev/null
}

pip() { # pip ARGUMENTS...: versions and hashes come from a lock
  .venv/bin/pip install --quiet "$@" ||
    die "pip failed: see above" "is there a network? (Python 3.11 to 3.14 have builds of everything; this is $(.venv/bin/python -V))"
}

packages() { # packages NAME: install tools/requirements-NAME.lock, then this project in its place
  local lock=tools/requirements-$1.lock
  if ! fresh "$1" "$lock"; then
    say "installing Python packages into .venv, versions and hashes from $lock (about half a minute)"
    # esptool is only published as source.
    pip --only-binary :all: --no-binary esptool --require-hashes -r "$lock"
    stamp "$1" "$lock"
  fi
  fresh project pyproject.toml && return
  pip --no-deps --no-build-isolation --editable .
  stamp project pyproject.toml
}

demo() {
  environment
  fresh dev tools/requirements-dev.lock && packages dev && return # has all of it, in the same versions
  packages demo
}

dev() {
  environment
  packages dev
}

stubs() {
  local lock=tools/requirements-stubs.lock
  fresh stubs "$lock" && return
  say "fetching the types of MicroPython into .venv/typings"
  rm -rf .venv/typings
  pip --only-binary :all: --require-hashes --target .venv/typings -r "$lock"
  stamp stubs "$lock"
}

exec 9<"$0" # two makes at once take turns
flock 9
for part in "$@"; do
  case $part in
    demo | dev | system | stubs) "$part" ;;
    *) die "no such part: $part" "usage: tools/setup.sh [demo] [dev] [system] [stubs]" ;;
  esac
done
