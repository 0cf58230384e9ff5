"""Prepared once with a network, flashed without one: what is fetched is what was asked for, and it runs on a board."""

from __future__ import annotations

import hashlib
import json
import ssl

import pytest

from certificates import Authority
from flash_bench import Bench, image_bytes, station_of
from nsptools.cli import main
from nsptools.flash import firmware, prepare
from nsptools.flash.cache import Cache
from nsptools.flash.errors import NotPrepared
from nsptools.flash.job import BoardJob
from nsptools.flash.mpremote import Mpremote
from nsptools.flash.snippets import Look
from package_index import MODULES, index_in, served


@pytest.fixture
def index(tmp_path):
    """Make an index's folder; nothing is served yet."""
    folder = tmp_path / "index"
    folder.mkdir()
    index_in(folder)
    return folder


def test_an_image_and_packages_are_kept_with_their_hashes(tmp_path, index, capsys):
    """One command, and the folder knows what is in it, dependencies too; a second run is as good as the first."""
    path = tmp_path / "esp32s3.bin"
    path.write_bytes(image_bytes())
    with served(index) as address:
        for _ in range(2):
            command = ("flash", "prepare", "--cache", tmp_path / "cache", "--image", path, "--index", address)
            assert main([*map(str, command)]) == 0
    said = capsys.readouterr().out
    digest = hashlib.sha256(image_bytes()).hexdigest()
    assert f"image esp32s3.bin for esp32s3, SHA-256 {digest}" in said
    cache = Cache(tmp_path / "cache")
    assert (cache.folder / "images" / "esp32s3.bin").read_bytes() == image_bytes()
    assert cache.image_sha256(path) == digest
    assert set(cache.prepared.packages) == set(MODULES)
    assert set(cache.library(6)) == {f"lib/{name}".replace(".py", ".mpy") for name, _ in MODULES.values()}


def test_an_image_comes_by_https_with_its_hash_or_not_at_all(tmp_path, monkeypatch):
    """A real server with a certificate: what is right is kept, a changed file is not, nor one without a hash."""
    authority = Authority(tmp_path, "authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("127.0.0.1"))
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "s3.bin").write_bytes(image_bytes())
    digest = hashlib.sha256(image_bytes()).hexdigest()
    cache = Cache(tmp_path / "cache")
    with served(tmp_path / "www", context) as address:
        with pytest.raises(NotPrepared, match=r"cannot be fetched.*certificate"):
            prepare.image(cache, f"{address}/s3.bin", digest, print)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
        with pytest.raises(NotPrepared, match="--sha256"):
            prepare.image(cache, f"{address}/s3.bin", None, print)
        with pytest.raises(NotPrepared, match="says 404"):
            prepare.image(cache, f"{address}/none.bin", digest, print)
        assert main(["flash", "prepare", "--cache", str(cache.folder), "--no-packages"]) == 0
        wrong = ("--image", f"{address}/s3.bin", "--sha256", "ab" * 32, "--no-packages")
        assert main(["flash", "prepare", "--cache", str(cache.folder), *wrong]) == 2
        assert [path for path in cache.folder.rglob("*") if path.is_file()] == []
        prepare.image(cache, f"{address}/s3.bin", digest, print)
    assert Cache(cache.folder).image_sha256(tmp_path / "s3.bin") == digest


@pytest.mark.parametrize(
    "address", ["http://micropython.org/s3.bin", "ftp://127.0.0.1/s3.bin", "file:///etc/passwd"]
)
def test_only_protected_addresses_are_fetched(address):
    """On the way nobody may change what will run on every kit."""
    with pytest.raises(NotPrepared, match="only https://"):
        prepare.fetch(address)


def test_what_the_index_says_is_not_believed(tmp_path, index):
    """A changed file, a path out of the library, a file without a hash: refused, and nothing is recorded."""
    listing = index / "package" / "6" / "lora" / "latest.json"
    good = json.loads(listing.read_text())
    name, short = good["hashes"][0]
    cases = (
        ({"hashes": [["../main.mpy", short]]}, "is not taken"),
        ({"hashes": [[name, "../../x"]]}, "is not taken"),
        ({"urls": [[name, "http://elsewhere/x.mpy"]]}, "without hashes"),
        ({"version": 3}, "no list of a package"),
    )
    with served(index) as address:
        for change, said in cases:
            listing.write_text(json.dumps(good | change))
            with pytest.raises(NotPrepared, match=said):
                prepare.packages(Cache(tmp_path / "cache"), address, print)
        listing.write_text(json.dumps(good))
        (index / "file" / short[:2] / short).write_bytes(b"changed")
        with pytest.raises(NotPrepared, match="another file"):
            prepare.packages(Cache(tmp_path / "cache"), address, print)
    assert not (tmp_path / "cache" / "prepared.json").exists()


def test_a_cache_that_was_changed_or_is_not_there_is_refused(tmp_path, index):
    """What goes on a board is what was prepared, or nothing does."""
    cache = Cache(tmp_path / "cache")
    with pytest.raises(NotPrepared, match="lora, lora-sx126x, lora-async, lora-sync is not there"):
        cache.library(6)
    with served(index) as address:
        prepare.packages(cache, address, print)
    with pytest.raises(NotPrepared, match=r"form 6.*reads form 5"):
        cache.library(5)
    victim = next(path for path in (cache.folder / "file").rglob("*") if path.is_file())
    victim.write_bytes(b"changed")
    with pytest.raises(NotPrepared, match="not what was prepared"):
        Cache(cache.folder).library(6)
    victim.unlink()
    with pytest.raises(NotPrepared, match="Prepare again"):
        Cache(cache.folder).library(6)
    (cache.folder / "prepared.json").write_text("{")
    with pytest.raises(NotPrepared, match=r"prepared.json: .*Prepare again"):
        Cache(cache.folder)


def test_a_board_with_the_chip_itself_gets_the_packages_and_another_does_not(tmp_path, index):
    """The packages are files of the kit like all others: copied and compared with them; without a cache it stops."""
    cache = Cache(tmp_path / "cache")
    with served(index) as address:
        prepare.packages(cache, address, print)
    look = Look("aa", "ESP32S3", 6, "1.29.0", (), 0, -1)

    def files(board: str, cache: Cache | None) -> set[str]:
        folder = tmp_path / f"{board}{cache is None}"
        folder.mkdir()
        station = station_of(folder, "De Linde", board=board)
        job = BoardJob(station, "de-linde", Mpremote(tmp_path / "x"), look, compiled=True, cache=cache)
        # A library that our firmware brings along is on every board.
        own = firmware.files(board, compiled=True)
        return {name for name in job._firmware() if name.startswith("lib/") and name not in own}

    assert files("heltec-v3", cache) == set(cache.library(6))
    assert files("rak3172-devkit-s3", cache) == files("rak3172-devkit-s3", None) == set()
    with pytest.raises(NotPrepared, match="nsp flash prepare --cache"):
        files("heltec-v3", None)


@pytest.mark.asyncio
async def test_the_packages_run_on_a_board_with_the_network_off(tmp_path, index):
    """From the cache alone, by files and by the real mip: the twin imports what was prepared."""
    cache = Cache(tmp_path / "cache")
    with served(index) as address:
        prepare.packages(cache, address, lambda _: None)
    # The network is off now: nothing serves the index.
    bench = Bench(tmp_path)
    try:
        await bench.press_reset()
        board = Mpremote(bench.port)
        tree = tmp_path / "tree"
        for name, content in cache.library(6).items():
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        await board.copy(tree)
        said = await board.exec(
            "import sys\nsys.path.append('/lib')\nfrom lora.sx126x import CHIP\nprint(CHIP)"
        )
        assert said.strip() == "real bytes sx126x"
        with served(cache.folder) as ours:
            await board.exec("import os\nos.remove('/lib/lora/modem.mpy')")
            await board._call(["mip", "install", "--index", ours, "--target", "/lib", "lora-sx126x"], 20.0)
        found = await board.ask("import json, os\nprint(json.dumps(sorted(os.listdir('/lib/lora'))))")
        assert "modem.mpy" in found
    finally:
        await bench.end()
