"""The page that a telephone shows: plain HTML, nothing to load, no script."""

from __future__ import annotations

from html import escape

from kallphone.phone.menu.about import COUNTRIES
from kallphone.phone.words import LANGUAGES, N_, Words
from kallphone.setup.portal_form import NONE, OTHER, Form
from kallphone.setup.states import Found, Security

_STYLE = """
:root { color-scheme: light dark;
  --ink: #1c2428; --paper: #f4f1ea; --card: #fff; --line: #d8d2c4; --go: #1f6f5c }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eceae4; --paper: #15191b; --card: #20272a; --line: #39434a; --go: #4fb39a }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.45 system-ui, sans-serif }
main { max-width: 30rem; margin: 0 auto; padding: 1.25rem 1rem 3rem }
h1 { font-size: 1.5rem; margin: .25rem 0 .25rem }
h2 { font-size: 1rem; margin: 0 0 .5rem }
p { margin: 0 0 1rem }
fieldset, .note { border: 1px solid var(--line); border-radius: 14px; background: var(--card);
  padding: 1rem; margin: 0 0 1rem }
.note { border-color: #c0392b; border-width: 2px }
legend { float: left; width: 100%; font-weight: 600; margin-bottom: .5rem }
legend + * { clear: both }
label { display: block; padding: .6rem 0 }
label.one { display: flex; align-items: center; gap: .75rem; min-height: 48px;
  border-top: 1px solid var(--line) }
label.one span { flex: 1; overflow-wrap: anywhere }
label.one small { opacity: .65 }
input[type=radio] { width: 1.35rem; height: 1.35rem; accent-color: var(--go); margin: 0 }
input[type=text], select { display: block; width: 100%; font: inherit; color: inherit; padding: .7rem .75rem;
  margin-top: .3rem; border: 1px solid var(--line); border-radius: 10px; background: var(--paper) }
button { width: 100%; font: inherit; font-weight: 600; padding: .95rem; border: 0; border-radius: 12px;
  background: var(--go); color: #fff }
small { font-size: .85rem }
"""

# Not within f-strings, where the collector of messages does not look.
_LEAD = N_("Tell your phone what it needs. It stays in the phone.")
_WIFI = N_("Wi-Fi")
_NAME = N_("Its name")
_PASSWORD = N_("Password")
_PLACE = N_("Language and country")
_LANGUAGE = N_("Language")
_COUNTRY = N_("Country")
_PIN = N_("PIN")
_PIN_HELP = N_("It locks menu and keys. 4 to 8 digits; empty for none.")
_NEW_PIN = N_("New PIN")
_SEND = N_("Send to the phone")
_DONE = N_("Done")


def form_page(
    form: Form,
    networks: tuple[Found, ...],
    trouble: str,
    words: Words,
    *,
    cable: bool,
    only_wifi: bool = False,
) -> str:
    """`form` as it stands; `trouble` is what is wrong with it."""
    note = f'<div class="note" role="alert">{escape(words(trouble))}</div>' if trouble else ""
    body = f"""<h1>KallPhone</h1>
<p>{_say(_LEAD, words)}</p>{note}
<form method="post" autocomplete="off">
<fieldset><legend>{_say(_WIFI, words)}</legend>
{_choices(form, networks, words, cable=cable)}
{_text(_NAME, "name", form.name, words, 32)}
{_text(_PASSWORD, "password", form.password, words, 63)}
</fieldset>
{"" if only_wifi else _of_a_new_phone(form, words)}
<button>{_say(_SEND, words)}</button>
</form>"""
    return _page(body, form.language)


def _of_a_new_phone(form: Form, words: Words) -> str:
    countries = {code: words(name) for code, name in COUNTRIES.items()}
    return f"""<fieldset><legend>{_say(_PLACE, words)}</legend>
{_select(_LANGUAGE, "language", LANGUAGES, form.language, words)}
{_select(_COUNTRY, "country", countries, form.country, words)}
</fieldset>
<fieldset><legend>{_say(_PIN, words)}</legend>
<p><small>{_say(_PIN_HELP, words)}</small></p>
{_text(_NEW_PIN, "pin", form.pin, words, 8, ' inputmode="numeric"')}
</fieldset>"""


def thanks_page(language: str, words: Words) -> str:
    said = N_("Look at the phone's glass now: it goes on there. Your telephone leaves this Wi-Fi by itself.")
    return _page(f"<h1>{_say(_DONE, words)}</h1>\n<p>{_say(said, words)}</p>", language)


def _page(body: str, language: str) -> str:
    return f"""<!doctype html>
<html lang="{escape(language)}"><head><meta charset="utf-8"><title>KallPhone</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>
<body><main>{body}</main></body></html>
"""


def _choices(form: Form, networks: tuple[Found, ...], words: Words, *, cable: bool) -> str:
    rows = [_choice(one.ssid.hex(), one.name, _locked(one, words), form) for one in networks]
    rows.append(_choice(OTHER, words(N_("Another: its name below")), "", form))
    if cable:
        rows.append(_choice(NONE, words(N_("By cable")), "", form))
    return "\n".join(rows)


def _choice(value: str, label: str, note: str, form: Form) -> str:
    checked = " checked" if form.wifi == value else ""
    return (
        f'<label class="one"><input type="radio" name="wifi" value="{escape(value)}"{checked}>'
        f"<span>{escape(label)}</span><small>{escape(note)}</small></label>"
    )


def _locked(one: Found, words: Words) -> str:
    return words(N_("open")) if one.security is Security.OPEN else ""


def _text(label: str, name: str, value: str, words: Words, longest: int, more: str = "") -> str:
    return (
        f'<label>{_say(label, words)}<input type="text" name="{name}" value="{escape(value)}" '
        f'maxlength="{longest}" autocapitalize="none" autocorrect="off" spellcheck="false"{more}></label>'
    )


def _select(label: str, name: str, options: dict[str, str], chosen: str, words: Words) -> str:
    rows = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in options.items()
    )
    return f'<label>{_say(label, words)}<select name="{name}">{rows}</select></label>'


def _say(text: str, words: Words) -> str:
    return escape(words(text))
