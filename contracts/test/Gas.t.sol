// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Messages} from "../src/Messages.sol";
import {Base} from "./Base.sol";
import {EscrowBase} from "./escrow/EscrowBase.sol";
import {KryptonBase} from "./krypton/KryptonBase.sol";
import {RatingBase} from "./rating/RatingBase.sol";
import {RegistryBase} from "./registry/RegistryBase.sol";
import {SpecBase} from "./spec/SpecBase.sol";

/// Measured by contracts/gas.py with each call as a transaction of its own (forge's --isolate).
/// The escrow and the provider have coins already, the client is new.
contract GasTest is EscrowBase, RatingBase, RegistryBase, SpecBase {
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

    function test_permit() public {
        (bytes32 r, bytes32 s, uint8 v) = split(signPermit(CLIENT_KEY, address(escrow), COIN, deadline));
        coin.permit(client, address(escrow), COIN, deadline, v, r, s);
        vm.snapshotGasLastCall(GROUP, "permit");
    }

    /// To itself, for the first time.
    function test_delegateBySig() public {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)"), client, 0, deadline
            )
        );
        (bytes32 r, bytes32 s, uint8 v) =
            split(sign(CLIENT_KEY, digest("kallCoin", address(coin), structHash)));
        coin.delegateBySig(client, 0, deadline, v, r, s);
        vm.snapshotGasLastCall(GROUP, "delegate");
    }

    /// The last one to propose, for a proposal that moves up from the fourth place to the first.
    function test_propose() public {
        bytes32[4] memory hashes = [RED, GREEN, BLUE, WHITE];
        for (uint256 i = 0; i < 5; i++) {
            giveVoter(i, i < 4 ? 10 * COIN - i : 20 * COIN);
        }
        openVotes();
        for (uint256 i = 0; i < 5; i++) {
            registerInterest(i, 0);
            if (i < 4) propose(i, 0, hashes[i]);
        }
        vm.snapshotGasLastCall(GROUP, "interest");
        propose(4, 0, WHITE);
        vm.snapshotGasLastCall(GROUP, "propose");
    }

    /// With four proposals, whose hashes it reads. Not the first ballot in a slot of the tally, which four
    /// neighbouring rankings share: that one costs 17,100 more.
    function test_cast() public {
        for (uint256 i = 0; i < 4; i++) {
            giveVoter(i, COIN);
        }
        openVotes();
        bytes32[4] memory hashes = [RED, GREEN, BLUE, WHITE];
        for (uint256 i = 0; i < 4; i++) {
            registerInterest(i, 0);
            propose(i, 0, hashes[i]);
        }
        rollToVoting(0);
        cast(0, 0, 0x21);
        cast(1, 0, 0x21);
        vm.snapshotGasLastCall(GROUP, "cast");
    }

    /// Every ranking has a ballot, and 1, 2 and 3 go out, which leads through more of the tree than other orders.
    function test_countWorst() public {
        _castAllRankings();
        rollToCounting(0);
        (bytes32[] memory hashes,) = spec.ballot(0);
        vm.assertEq(spec.count(0), hashes[3]);
        vm.snapshotGasLastCall(GROUP, "count_worst");
    }

    function _castAllRankings() private {
        uint256[] memory rankings = allRankings();
        for (uint256 i = 0; i < rankings.length; i++) {
            giveVoter(i, 1000 * COIN + (rankings[i] < 6 ? rankings[i] : 0));
        }
        openVotes();
        bytes32[4] memory hashes = [RED, GREEN, BLUE, WHITE];
        for (uint256 i = 0; i < rankings.length; i++) {
            registerInterest(i, 0);
            if (i < 4) propose(i, 0, hashes[i]);
        }
        rollToVoting(0);
        for (uint256 i = 0; i < rankings.length; i++) {
            cast(i, 0, rankings[i]);
        }
    }
}

contract KryptonGasTest is KryptonBase {
    string private constant GROUP = "gas";

    function test_krypton() public {
        deploy(PROVIDER_KEY, HOSTNAME);
        vm.snapshotGasLastCall(GROUP, "krypton_deploy");
        registerWith(CLIENT_KEY, PROVIDER_KEY, UUID);
        vm.snapshotGasLastCall(GROUP, "krypton_register");
        krypton.query("location", user);
        vm.snapshotGasLastCall(GROUP, "krypton_query");
        unregister(CLIENT_KEY);
        vm.snapshotGasLastCall(GROUP, "krypton_unregister");
        undeploy(PROVIDER_KEY);
        vm.snapshotGasLastCall(GROUP, "krypton_undeploy");
    }

    /// The client's entry, which the face never had.
    function test_kryptonPublish() public {
        bytes memory entry = clientEntry(UUID, agreedRef(PROVIDER_KEY, client));
        register(CLIENT_KEY, CLIENT, entry, 0);
        krypton.publish(CLIENT, client, entry);
        vm.snapshotGasLastCall(GROUP, "krypton_publish");
    }
}
