"""What machines say, in parts that are spoken into files once and then played one after the other."""

from __future__ import annotations

from dataclasses import dataclass

BEEP = "beep"
PAUSE = "pause"

ECHO_TEST = (PAUSE, "echo", PAUSE)
NOT_DIVERTED = (PAUSE, "not-diverted", PAUSE)


def greeting(number: str) -> tuple[str, ...]:
    """The number is read as it is shown: in groups of three, three and four digits."""
    groups = (number[:3], number[3:6], number[6:])
    read = [part for group in groups for part in (*group, PAUSE)]
    return (PAUSE, "reached", *read, "speak", BEEP)


@dataclass(frozen=True)
class Language:
    """`voice` is espeak-ng's."""

    voice: str
    echo: str
    reached: str
    speak: str
    not_diverted: str
    digits: tuple[str, ...]

    def parts(self) -> dict[str, str]:
        """What is spoken, by the part's name."""
        digits = {str(value): word for value, word in enumerate(self.digits)}
        return {
            "echo": self.echo,
            "reached": self.reached,
            "speak": self.speak,
            "not-diverted": self.not_diverted,
            **digits,
        }


LANGUAGES = {
    "de": Language(
        voice="de",
        echo="Echotest. Alles, was Sie jetzt sagen, hören Sie sofort wieder.",
        reached="Sie haben diese Nummer erreicht:",
        speak="Bitte sprechen Sie nach dem Ton.",
        not_diverted=(
            "Dies ist die Mailbox. Ihre Nachrichten sind auf Ihrem Telefon. "
            "Leiten Sie Ihre Anrufe hierher um, damit Anrufer Nachrichten hinterlassen können."
        ),
        digits=("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
    ),
    "en": Language(
        voice="en-us",
        echo="Echo test. You will hear everything that you say from now on, at once.",
        reached="You have reached",
        speak="Please speak after the tone.",
        not_diverted=(
            "This is the voicemail. Your messages are on your phone. "
            "Forward your calls to this number to let callers leave a message."
        ),
        digits=("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    ),
    "es": Language(
        voice="es",
        echo="Prueba de eco. A partir de ahora oirá al instante todo lo que diga.",
        reached="Ha llamado al número",
        speak="Por favor, hable después de la señal.",
        not_diverted=(
            "Este es el buzón de voz. Sus mensajes están en su teléfono. "
            "Desvíe sus llamadas a este número para que puedan dejarle mensajes."
        ),
        digits=("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
    ),
    "fr": Language(
        voice="fr",
        echo="Test d'écho. À partir de maintenant, vous entendez aussitôt tout ce que vous dites.",
        reached="Vous avez appelé le",
        speak="Veuillez parler après le signal.",
        not_diverted=(
            "Ici la messagerie vocale. Vos messages sont sur votre téléphone. "
            "Renvoyez vos appels vers ce numéro pour que l'on puisse vous laisser un message."
        ),
        digits=("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"),
    ),
}
