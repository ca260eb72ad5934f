// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// Checks on the signed messages that anyone may submit. A signature is r || s || v, s in the lower half.
library Signatures {
    /// `recovered` is zero when the signature is malformed or malleable.
    error BadSignature(address expected, address recovered);
    error MessageExpired(uint256 deadline, uint256 timestamp);

    function requireBy(address signer, bytes32 digest, bytes calldata signature) internal pure {
        // The third value only says more about an error.
        // slither-disable-next-line unused-return
        (address recovered, ECDSA.RecoverError err,) = ECDSA.tryRecoverCalldata(digest, signature);
        require(err == ECDSA.RecoverError.NoError && recovered == signer, BadSignature(signer, recovered));
    }

    function isBy(address signer, bytes32 digest, bytes calldata signature) internal pure returns (bool) {
        // The third value only says more about an error.
        // slither-disable-next-line unused-return
        (address recovered, ECDSA.RecoverError err,) = ECDSA.tryRecoverCalldata(digest, signature);
        return err == ECDSA.RecoverError.NoError && recovered == signer;
    }

    function isByInMemory(address signer, bytes32 digest, bytes memory signature)
        internal
        pure
        returns (bool)
    {
        // The third value only says more about an error.
        // slither-disable-next-line unused-return
        (address recovered, ECDSA.RecoverError err,) = ECDSA.tryRecover(digest, signature);
        return err == ECDSA.RecoverError.NoError && recovered == signer;
    }

    /// A message is good until its deadline has passed.
    function requireInTime(uint256 deadline) internal view {
        require(block.timestamp <= deadline, MessageExpired(deadline, block.timestamp));
    }
}
