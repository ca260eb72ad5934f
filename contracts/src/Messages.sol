// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// EIP-712 struct hashes of the registry's and the escrow's messages.
library Messages {
    struct Voucher {
        address client;
        address provider;
        uint256 epoch;
        uint256 cumulative;
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
    bytes32 private constant VOUCHER =
        keccak256("Voucher(address client,address provider,uint256 epoch,uint256 cumulative)");
    bytes32 private constant DEPOSIT =
        keccak256("Deposit(address client,address provider,uint256 amount,uint256 nonce,uint256 deadline)");
    bytes32 private constant START_EXIT =
        keccak256("StartExit(address client,address provider,uint256 nonce,uint256 deadline)");

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
}
