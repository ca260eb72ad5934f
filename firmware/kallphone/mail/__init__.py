from kallphone.mail.client import MailClient
from kallphone.mail.worker import MailWorker, open_mail

__all__ = ["MailClient", "MailWorker", "open_mail"]
