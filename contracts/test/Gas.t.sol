// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Messages} from "../src/Messages.sol";
import {Base} from "./Base.sol";
import {EscrowBase} from "./escrow/EscrowBase.sol";
import {KryptonBase} from "./krypton/KryptonBase.sol";
import {RatingBase} from "./rating/RatingBase.sol";
import {RegistryBase} from "./registry/RegistryBase.sol";

/// Measured by contracts/gas.py with each call as a transaction of its own (forge's --isolate).
/// The escrow and the provider have coins already, the client is new.
contract GasTest is EscrowBase, RatingBase, RegistryBase {
    uint256 private constant BATCH = 10;
    uint256 private constant FIRST_KEY = 0x6a5;
    string private constant GROUP = "gas";

    function setUp() public override(Base, EscrowBase, RatingBase) {
        super.setUp();
        coin.transfer(provider, COIN);
        escrow.deposit(stranger, provider, COIN);
    }

    function test_register() public {
        bytes memory entry = new bytes(300);
        for (uint256 i = 0; i < entry.length; i++) {
            entry[i] = 0xa5;
        }
        register(CLIENT_KEY, CLIENT, entry, 0);
        vm.snapshotGasLastCall(GROUP, "register_first");
        vm.roll(1001);
        register(CLIENT_KEY, CLIENT, entry, 0);
        vm.snapshotGasLastCall(GROUP, "register_update");
        release(CLIENT_KEY, CLIENT);
        vm.snapshotGasLastCall(GROUP, "release");
    }

    function test_deposit() public {
        escrow.deposit(client, provider, COIN);
        vm.snapshotGasLastCall(GROUP, "deposit");
    }

    function test_depositBySignature() public {
        bytes memory permit = signPermit(CLIENT_KEY, address(escrow), COIN, deadline);
        bytes memory signature = signDeposit(CLIENT_KEY, COIN, 0);
        escrow.depositBySignature(client, provider, COIN, 0, deadline, signature, permit);
        vm.snapshotGasLastCall(GROUP, "deposit_by_signature");
    }

    function test_claim() public {
        escrow.deposit(client, provider, 10 * COIN);
        claim(0, COIN);
        vm.snapshotGasLastCall(GROUP, "claim");
    }

    function test_claimBatch() public {
        Messages.Voucher[] memory vouchers = new Messages.Voucher[](BATCH);
        bytes[] memory signatures = new bytes[](BATCH);
        for (uint256 i = 0; i < BATCH; i++) {
            address account = vm.addr(FIRST_KEY + i);
            escrow.deposit(account, provider, 2 * COIN);
            vouchers[i] = Messages.Voucher(account, provider, 0, COIN + i);
            signatures[i] = signVoucher(FIRST_KEY + i, vouchers[i]);
        }
        escrow.claimBatch(vouchers, signatures);
        vm.snapshotGasLastCall(GROUP, "claim_batch_of_10");
    }

    function test_exit() public {
        escrow.deposit(client, provider, 10 * COIN);
        bytes memory signature = signStartExit(CLIENT_KEY, 0);
        escrow.startExit(client, provider, 0, deadline, signature);
        vm.snapshotGasLastCall(GROUP, "start_exit");
        vm.warp(START + EXIT_DELAY);
        escrow.exit(client, provider);
        vm.snapshotGasLastCall(GROUP, "exit");
    }

    /// The service has other raters already.
    function test_rating() public {
        escrow.deposit(client, provider, 10 * COIN);
        claim(0, COIN);
        escrow.deposit(stranger, provider, COIN);
        Messages.Voucher memory voucher = Messages.Voucher(stranger, provider, 0, COIN);
        escrow.claim(voucher, signVoucher(STRANGER_KEY, voucher));
        Messages.Rating memory rating = ratingOf(stranger, EPOCH);
        ratings.rate(rating, deadline, signRating(STRANGER_KEY, rating));

        rate(ratingOf(client, EPOCH));
        vm.snapshotGasLastCall(GROUP, "rating_first");
        claim(0, 2 * COIN);
        passEpochs(1);
        rate(ratingOf(client, EPOCH + 1));
        vm.snapshotGasLastCall(GROUP, "rating_update");
    }

    function test_transfer() public {
        vm.prank(client);
        coin.transfer(provider, COIN);
        vm.snapshotGasLastCall(GROUP, "transfer");
    }

    function test_transferWithAuthorization() public {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
                ),
                client,
                provider,
                COIN,
                0,
                deadline,
                keccak256("nonce")
            )
        );
        (bytes32 r, bytes32 s, uint8 v) =
            split(sign(CLIENT_KEY, digest("kallCoin", address(coin), structHash)));
        coin.transferWithAuthorization(client, provider, COIN, 0, deadline, keccak256("nonce"), v, r, s);
        vm.snapshotGasLastCall(GROUP, "transfer_with_authorization");
    }
}

contract KryptonGasTest is KryptonBase {
    string private constant GROUP = "gas";

    function test_krypton() public {
        deploy(PROVIDER_KEY, HOSTNAME);
        registerWith(CLIENT_KEY, PROVIDER_KEY, UUID);
        vm.snapshotGasLastCall(GROUP, "krypton_register");
        krypton.query("location", user);
        vm.snapshotGasLastCall(GROUP, "krypton_query");
    }
}
