// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// EIP-712 struct hashes of the contracts' messages.
library Messages {
    struct Voucher {
        address client;
        address provider;
        uint256 epoch;
        uint256 cumulative;
    }

    /// What a client measured on its calls through a service. `loss` in hundredths of a percent, `jitter` and
    /// `delay` in milliseconds, `mos` in hundredths, `duration` in seconds of conversation.
    struct Rating {
        address client;
        address service;
        uint32 epoch;
        uint16 loss;
        uint16 jitter;
        uint16 delay;
        uint16 mos;
        uint32 duration;
    }

    bytes32 private constant REGISTER = keccak256(
        "Register(uint8 kind,address account,bytes entry,uint256 salt,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant RELEASE =
        keccak256("Release(uint8 kind,address account,uint256 nonce,uint256 deadline)");
    bytes32 private constant AGREEMENT =
        keccak256("Agreement(address provider,address client,string serviceType,uint256 expiry)");
    bytes32 private constant SESSION =
        keccak256("Session(address client,address provider,bytes32 challenge)");
    bytes32 private constant CALL_IDENTITY =
        keccak256("CallIdentity(address signer,address peer,string callId,uint256 time,bytes32 fingerprint)");
    bytes32 private constant VOUCHER =
        keccak256("Voucher(address client,address provider,uint256 epoch,uint256 cumulative)");
    bytes32 private constant DEPOSIT =
        keccak256("Deposit(address client,address provider,uint256 amount,uint256 nonce,uint256 deadline)");
    bytes32 private constant START_EXIT =
        keccak256("StartExit(address client,address provider,uint256 nonce,uint256 deadline)");

    bytes32 private constant RATING = keccak256(
        "Rating(address client,address service,uint32 epoch,uint16 loss,uint16 jitter,uint16 delay,uint16 mos,uint32 duration,uint256 deadline)"
    );
    bytes32 private constant INTEREST = keccak256("Interest(address account,uint256 vote,uint256 deadline)");
    bytes32 private constant PROPOSAL =
        keccak256("Proposal(address account,uint256 vote,bytes32 specHash,uint256 deadline)");
    bytes32 private constant BALLOT =
        keccak256("Ballot(address account,uint256 vote,bytes32 options,uint256 ranking,uint256 deadline)");

    function register(
        uint8 kind,
        address account,
        bytes32 entryHash,
        uint256 salt,
        uint256 nonce,
        uint256 deadline
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(REGISTER, kind, account, entryHash, salt, nonce, deadline));
    }

    function release(uint8 kind, address account, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(RELEASE, kind, account, nonce, deadline));
    }

    function agreement(address provider, address client, string memory serviceType, uint256 expiry)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(AGREEMENT, provider, client, keccak256(bytes(serviceType)), expiry));
    }

    function session(address client, address provider, bytes32 challenge) internal pure returns (bytes32) {
        return keccak256(abi.encode(SESSION, client, provider, challenge));
    }

    function voucher(Voucher memory message) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(VOUCHER, message.client, message.provider, message.epoch, message.cumulative)
            );
    }

    function deposit(address client, address provider, uint256 amount, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(DEPOSIT, client, provider, amount, nonce, deadline));
    }

    function startExit(address client, address provider, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(START_EXIT, client, provider, nonce, deadline));
    }

    function callIdentity(
        address signer,
        address peer,
        string memory callId,
        uint256 time,
        bytes32 fingerprint
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(CALL_IDENTITY, signer, peer, keccak256(bytes(callId)), time, fingerprint));
    }

    function rating(Rating memory message, uint256 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(RATING, message, deadline));
    }

    function interest(address account, uint256 vote, uint256 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(INTEREST, account, vote, deadline));
    }

    function proposal(address account, uint256 vote, bytes32 specHash, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(PROPOSAL, account, vote, specHash, deadline));
    }

    function ballot(address account, uint256 vote, bytes32 options, uint256 ranking, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(BALLOT, account, vote, options, ranking, deadline));
    }
}
