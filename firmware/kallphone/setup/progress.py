"""How far the setup came, so that a power cut asks nothing twice. No secret is in it."""

from __future__ import annotations

import json
import logging
from collections.abc import Container
from pathlib import Path

from kallphone.phone.menu.about import COUNTRIES
from kallphone.phone.words import LANGUAGES
from kallphone.setup.states import STEPS, Kept, Progress
from kallphone.storage.files import write_private

log = logging.getLogger(__name__)


def progress_file(state: Path) -> Path:
    return state / "setup.json"


def keep(state: Path, progress: Progress) -> None:
    """Whole and on disk when this returns. Raises OSError."""
    plain = {
        "language": progress.language,
        "country": progress.country,
        "provider": progress.provider,
        "words": progress.words.value,
        "done": list(progress.done),
    }
    write_private(progress_file(state), json.dumps(plain).encode(), replace=True)


def kept(state: Path, otherwise: Progress, answered: Container[str] = ()) -> Progress:
    """What cannot be read is asked again. Of the steps that the card answers by now, `otherwise` holds."""
    try:
        plain = json.loads(progress_file(state).read_bytes())
        language, country, provider = (str(plain[name]) for name in ("language", "country", "provider"))
        words, done = Kept(plain["words"]), tuple(step for step in STEPS if step in plain["done"])
    except FileNotFoundError:
        return otherwise
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("the setup begins anew: %s", error)
        return otherwise
    if language not in LANGUAGES or country not in COUNTRIES:
        return otherwise
    return Progress(
        otherwise.language if "language" in answered else language,
        otherwise.country if "country" in answered else country,
        otherwise.provider if "provider" in answered else provider,
        words if otherwise.words is Kept.NOT_ASKED else otherwise.words,
        done,
    )


def forget(state: Path) -> None:
    progress_file(state).unlink(missing_ok=True)
