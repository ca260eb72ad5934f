// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallCoin} from "../../src/KallCoin.sol";
import {KallSpec} from "../../src/KallSpec.sol";
import {SpecBase} from "../spec/SpecBase.sol";

/// Plays votes with eight voters and seven specifications, three acts at a time, and keeps its own books of them.
/// Whoever acts twice, in another phase or without interest must be refused.
contract SpecHandler is SpecBase {
    uint256 public constant VOTERS = 8;
    uint256 public constant SPECS = 7;

    uint256 public versions = 1;
    mapping(uint256 vote => uint256) public registeredSum;
    mapping(uint256 vote => uint256) public castSum;
    mapping(uint256 vote => mapping(bytes32 specHash => uint256)) public backed;
    mapping(uint256 vote => mapping(uint256 voter => uint256)) public casts;
    mapping(uint256 vote => uint256) public counts;
    mapping(uint256 version => bytes32) public specs;

    constructor(KallCoin coin_, KallSpec spec_) {
        coin = coin_;
        spec = spec_;
        deadline = START + 1 days;
        specs[1] = FIRST_SPEC;
    }

    function setUp() public override {}

    /// @dev One of them is the first specification, which is refused until another one has won.
    function specAt(uint256 index) public pure returns (bytes32) {
        return [RED, GREEN, BLUE, WHITE, BLACK, bytes32("grey"), FIRST_SPEC][index % SPECS];
    }

    function votesBegun() public view returns (uint256 votes) {
        (votes,) = spec.currentVote();
        votes++;
    }

    function passBlocks(uint256 blocks) external {
        vm.roll(vm.getBlockNumber() + blocks % 30);
    }

    /// @dev Coins and delegations move at any time; the snapshot stays what it was.
    function moveCoins(uint256 from, uint256 to, uint256 amount) external {
        from %= VOTERS;
        amount = amount % (coin.balanceOf(voter(from)) + 1);
        vm.prank(voter(from));
        coin.transfer(voter(to % VOTERS), amount);
    }

    function delegate(uint256 from, uint256 to) external {
        vm.prank(voter(from % VOTERS));
        coin.delegate(voter(to % VOTERS));
    }

    function registerInterest(uint256 index) external {
        for (uint256 i = 0; i < 3; i++) {
            _registerInterest((index % VOTERS + i) % VOTERS);
        }
    }

    function propose(uint256 index, uint256 random) external {
        for (uint256 i = 0; i < 3; i++) {
            _propose((index % VOTERS + i) % VOTERS, specAt(random >> (8 * i)));
        }
    }

    function cast(uint256 index, uint256 random) external {
        for (uint256 i = 0; i < 3; i++) {
            _cast((index % VOTERS + i) % VOTERS, uint256(keccak256(abi.encode(random, i))));
        }
    }

    function count(uint256 vote) external {
        (uint256 current, KallSpec.Phase phase) = spec.currentVote();
        vote %= current + 2;
        bool ended = vote < current || (vote == current && phase == KallSpec.Phase.Counting);
        bool good = ended && vote >= spec.nextVote();
        try spec.count(vote) returns (bytes32 specHash) {
            vm.assertTrue(good, "counted against the rules");
            _counted(vote, specHash);
        } catch {
            vm.assertFalse(good);
        }
    }

    function _registerInterest(uint256 index) private {
        (uint256 vote, KallSpec.Phase phase) = spec.currentVote();
        uint256 power = coin.getPastVotes(voter(index), spec.snapshotOf(vote));
        bool good = phase == KallSpec.Phase.Proposing && power != 0 && !_isRegistered(index, vote);
        bytes memory signature = signInterest(index, vote);
        try spec.registerInterest(voter(index), vote, deadline, signature) {
            vm.assertTrue(good, "registered against the rules");
            registeredSum[vote] += power;
        } catch {
            vm.assertFalse(good);
        }
    }

    function _propose(uint256 index, bytes32 specHash) private {
        (uint256 vote, KallSpec.Phase phase) = spec.currentVote();
        KallSpec.Interest memory before = spec.interest(vote, voter(index));
        bool good = phase == KallSpec.Phase.Proposing && before.power != 0 && !before.proposed
            && specHash != specs[versions];
        bytes memory signature = signProposal(index, vote, specHash);
        try spec.propose(voter(index), vote, specHash, deadline, signature) {
            vm.assertTrue(good, "proposed against the rules");
            backed[vote][specHash] += before.power;
        } catch {
            vm.assertFalse(good);
        }
    }

    function _cast(uint256 index, uint256 random) private {
        (uint256 vote, KallSpec.Phase phase) = spec.currentVote();
        uint256 options = uint256(spec.headOf(vote).proposals) + 1;
        uint256 ranking = randomRanking(random, options + (random % 8 == 0 ? 1 : 0));
        bool good = phase == KallSpec.Phase.Voting && _isRegistered(index, vote) && casts[vote][index] == 0
            && isRanking(ranking, options);
        bytes memory signature = signBallot(index, vote, ranking);
        try spec.cast(voter(index), vote, optionsOf(vote), ranking, deadline, signature) {
            vm.assertTrue(good, "cast against the rules");
            casts[vote][index]++;
            castSum[vote] += spec.interest(vote, voter(index)).power;
        } catch {
            vm.assertFalse(good);
        }
    }

    function _counted(uint256 vote, bytes32 specHash) private {
        counts[vote]++;
        if (specHash == 0) return;
        vm.assertTrue(backed[vote][specHash] > 0, "nobody proposed it");
        vm.assertTrue(castSum[vote] * 10_000 >= SUPPLY * QUORUM, "without a quorum");
        versions++;
        specs[versions] = specHash;
    }

    function _isRegistered(uint256 index, uint256 vote) private view returns (bool) {
        return spec.interest(vote, voter(index)).power != 0;
    }
}
