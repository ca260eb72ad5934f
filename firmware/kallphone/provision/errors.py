from __future__ import annotations


class ProvisionError(Exception):
    """A file that its owner has to mend, or a machine that does not let it be applied; in words."""


class FileInvalid(ProvisionError):
    """Nothing of the file was applied."""


class PlanRefused(ProvisionError):
    """A file of many phones that this phone does not take."""


class PlanOlder(PlanRefused):
    """It has its signature, and this phone took a later one already: nobody has to mend anything."""
