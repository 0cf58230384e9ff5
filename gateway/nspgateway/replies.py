"""What a person or a client is told of what they asked, by word (replies.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from nspgateway.payloads import Texts

_TEXTS = Path(__file__).with_name("replies.toml")


@cache
def replies() -> Mapping[str, Texts]:
    """Return the texts by word. ValidationError when the file is broken."""
    return msgspec.convert(tomllib.loads(_TEXTS.read_text(encoding="utf-8")), dict[str, Texts])


def reply(word: str) -> Texts:
    """Return the text of a word; one that is not in the file is said in general terms."""
    found = replies()
    return found.get(word) or found["refused"]


def reply_text(word: str, language: str) -> str:
    """Return the text of a word in one language, nl or en."""
    texts = reply(word)
    return texts.nl if language == "nl" else texts.en
