"""A local chain of its own for each suite that is marked `chain`: the demo's."""

from kallphone.demo.chain import ChainAccount, ChainError, LocalChain

__all__ = ["ChainAccount", "ChainError", "LocalChain"]
