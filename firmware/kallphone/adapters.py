from __future__ import annotations

from dataclasses import dataclass

from kallphone.phone.commands import (
    AlertCaller,
    AnswerCall,
    AskDevice,
    AskReachable,
    CheckPin,
    Command,
    DeleteContact,
    DeleteMessage,
    EndPayment,
    ForgetMissed,
    HangUp,
    IdentifyCaller,
    LoadRecording,
    LoadSpent,
    LogCall,
    MarkRead,
    OpenLine,
    OpenSession,
    PlaceCall,
    Probe,
    RateService,
    ReadWords,
    RefreshCredit,
    RegisterSip,
    RejectCall,
    ReopenSound,
    Resolve,
    SaveContact,
    SaveSettings,
    SendDigit,
    SendRatings,
    SendText,
    SetPin,
    SignVoucher,
    Speak,
    TellPeer,
    Withdraw,
)
from kallphone.ports import (
    Device,
    Directory,
    Display,
    Handset,
    Journal,
    Keeping,
    Lamps,
    Mail,
    Mixer,
    Payments,
    Ringer,
    Sip,
    Speech,
)


@dataclass(frozen=True)
class Adapters:
    """The world around the pure phone."""

    sip: Sip
    handsets: tuple[Handset, ...]
    directory: Directory
    payments: Payments
    journal: Journal
    display: Display
    ringer: Ringer
    lamps: Lamps
    mixer: Mixer
    mail: Mail
    keeping: Keeping
    speech: Speech
    device: Device


def carry_out(world: Adapters, command: Command) -> None:
    match command:
        case Resolve(call=call, number=number):
            world.directory.resolve(call, number)
        case IdentifyCaller(call=call, caller=caller):
            world.directory.identify(call, caller)
        case AskReachable(number=number):
            world.directory.locate(number)
        case (
            OpenLine() | RefreshCredit() | SendRatings() | OpenSession() | SignVoucher() | EndPayment()
            | RateService() | Withdraw()
        ):  # fmt: skip
            _pay(world.payments, command)
        case LogCall():
            world.journal.log_call(command)
        case ForgetMissed():
            world.journal.forget_missed()
        case Speak(text=text, aloud=aloud):
            world.speech.say(text, aloud=aloud)
        case AskDevice(action=action):
            world.device.ask(action)
        case SendText() | MarkRead() | DeleteMessage():
            _post_mail(world.mail, command)
        case (
            SaveSettings() | SaveContact() | DeleteContact() | LoadRecording()
            | LoadSpent() | CheckPin() | SetPin() | ReadWords()
        ):  # fmt: skip
            _keep(world.keeping, command)
        case RegisterSip():
            raise TypeError("a registration needs credentials: the engine's own")
        case _:
            _signal(world.sip, command)


def _pay(
    payments: Payments,
    command: (
        OpenLine | RefreshCredit | SendRatings | OpenSession | SignVoucher | EndPayment | RateService
        | Withdraw
    ),
) -> None:  # fmt: skip
    match command:
        case OpenLine():
            payments.open_line()
        case RefreshCredit():
            payments.refresh_credit()
        case SendRatings():
            payments.send_ratings()
        case OpenSession(call=call, route=route):
            payments.open_session(call, route)
        case SignVoucher():
            payments.sign_voucher(command)
        case EndPayment():
            payments.end_payment(command)
        case RateService():
            payments.rate_service(command)
        case Withdraw(amount=amount):
            payments.withdraw(amount)


def _signal(
    sip: Sip,
    command: (
        PlaceCall | AlertCaller | AnswerCall | RejectCall | HangUp | SendDigit | TellPeer | Probe
        | ReopenSound
    ),
) -> None:
    match command:
        case PlaceCall(call=call, uri=uri, diverted_from=diverted_from):
            sip.place(call, uri, diverted_from)
        case AlertCaller(call=call):
            sip.alert(call)
        case AnswerCall(call=call):
            sip.answer(call)
        case RejectCall(call=call, code=code, forward_to=forward_to):
            sip.reject(call, code, forward_to)
        case HangUp(call=call):
            sip.hang_up(call)
        case SendDigit(call=call, key=key):
            sip.send_digit(call, key)
        case TellPeer(call=call, note=note):
            sip.tell(call, note)
        case Probe(number=number, uri=uri):
            sip.probe(number, uri)
        case ReopenSound():
            sip.reopen_sound()


def _post_mail(mail: Mail, command: SendText | MarkRead | DeleteMessage) -> None:
    match command:
        case SendText(id=id_, number=number, text=text):
            mail.send(id_, number, text)
        case MarkRead(id=id_):
            mail.mark_read(id_)
        case DeleteMessage(id=id_):
            mail.delete(id_)


def _keep(
    keeping: Keeping,
    command: (
        SaveSettings | SaveContact | DeleteContact | LoadRecording | LoadSpent | CheckPin | SetPin | ReadWords
    ),
) -> None:
    match command:
        case SaveSettings(settings=settings):
            keeping.save_settings(settings)
        case SaveContact(contact=contact, replaces=replaces):
            keeping.save_contact(contact, replaces)
        case DeleteContact(number=number):
            keeping.delete_contact(number)
        case LoadRecording(file=file):
            keeping.load_recording(file)
        case LoadSpent():
            keeping.load_spent()
        case CheckPin(pin=pin):
            keeping.check_pin(pin)
        case SetPin(pin=pin):
            keeping.set_pin(pin)
        case ReadWords():
            keeping.read_words()
