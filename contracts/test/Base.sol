// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallCoin} from "../src/KallCoin.sol";
import {KallEscrow} from "../src/KallEscrow.sol";
import {KallRegistry} from "../src/KallRegistry.sol";
import {Messages} from "../src/Messages.sol";
import {Vm} from "./Vm.sol";

abstract contract Base {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant COIN = 1e6;
    uint256 internal constant SUPPLY = 1_000_000 * COIN;
    uint256 internal constant START = 1_800_000_000;
    uint256 internal constant EXIT_DELAY = 1 hours;
    uint256 internal constant CLIENT_KEY = 0xc11e47;
    uint256 internal constant PROVIDER_KEY = 0x940717e4;
    uint256 internal constant STRANGER_KEY = 0x574a46e4;
    uint256 internal constant CURVE_ORDER =
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    KallCoin internal coin;
    KallRegistry internal registry;
    KallEscrow internal escrow;
    address internal client;
    address internal provider;
    address internal stranger;
    uint256 internal deadline;

    function setUp() public virtual {
        vm.warp(START);
        vm.roll(1000);
        client = vm.addr(CLIENT_KEY);
        provider = vm.addr(PROVIDER_KEY);
        stranger = vm.addr(STRANGER_KEY);
        deadline = START + 1 days;
        coin = new KallCoin(address(this), SUPPLY);
        registry = new KallRegistry();
        escrow = new KallEscrow(coin, EXIT_DELAY);
    }

    /// @dev Computed here and not read from the contract, so that the domain is checked too.
    function digest(string memory name, address verifier, bytes32 structHash)
        internal
        view
        returns (bytes32)
    {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256(bytes(name)),
                keccak256("1"),
                block.chainid,
                verifier
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function sign(uint256 key, bytes32 digest_) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest_);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The other signature of the same key over the same digest.
    function malleate(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s, uint8 v) = split(signature);
        return abi.encodePacked(r, bytes32(CURVE_ORDER - uint256(s)), v == 27 ? uint8(28) : uint8(27));
    }

    function split(bytes memory signature) internal pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
            v := byte(0, mload(add(signature, 96)))
        }
    }

    function recovered(bytes32 digest_, bytes memory signature) internal pure returns (address) {
        (bytes32 r, bytes32 s, uint8 v) = split(signature);
        return ecrecover(digest_, v, r, s);
    }

    function signPermit(uint256 key, address spender, uint256 amount, uint256 until)
        internal
        view
        returns (bytes memory)
    {
        address owner = vm.addr(key);
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                ),
                owner,
                spender,
                amount,
                coin.nonces(owner),
                until
            )
        );
        return sign(key, digest("kallCoin", address(coin), structHash));
    }

    function voucherOf(uint256 epoch, uint256 cumulative) internal view returns (Messages.Voucher memory) {
        return Messages.Voucher({client: client, provider: provider, epoch: epoch, cumulative: cumulative});
    }

    function signVoucher(uint256 key, Messages.Voucher memory voucher) internal view returns (bytes memory) {
        return sign(key, digest("KallEscrow", address(escrow), Messages.voucher(voucher)));
    }
}
