class MachineError(Exception):
    """The machine can't run; the words tell its owner what to change."""
