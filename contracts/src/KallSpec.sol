// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallCoin} from "./KallCoin.sol";
import {Messages} from "./Messages.sol";
import {Signatures} from "./Signatures.sol";
import {PLACES, Stv} from "./Stv.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// Which specification each network API version stands for, and the votes on the next one. Vote v has the
/// blocks from origin + v * cycle on and needs nobody to open it: first interest and proposals, then ballots,
/// then the count, which anyone may call. Power is what the coin's holders had delegated to the account, or the
/// account to itself, in the block before the vote. Every act is a message signed by the account, good once per
/// vote, which anyone may submit.
contract KallSpec is EIP712 {
    uint256 public constant MAX_CYCLE = type(uint32).max;
    uint256 public constant WHOLE = 10_000;
    uint256 public constant MAX_PROPOSALS = 4;

    enum Phase {
        Proposing,
        Voting,
        Counting
    }

    /// @dev One slot.
    struct Interest {
        uint64 power; // zero for who has not registered
        bool proposed;
        bool cast;
    }

    /// @dev One slot. A vote's next slots are the powers of the proposals on the ballot (one slot), their four
    /// hashes, and the 82 slots of the tally.
    struct Head {
        uint64 castPower;
        uint8 proposals; // how many are on the ballot
        uint64 version; // the latest one after the count; zero before
    }

    struct Vote {
        Head head;
        uint64[MAX_PROPOSALS] powers;
        bytes32[MAX_PROPOSALS] hashes;
        uint64[PLACES] tally;
    }

    KallCoin public immutable coin;
    /// The first block of vote 0.
    uint256 public immutable origin;
    /// In blocks, from one vote's first block to the next one's.
    uint256 public immutable cycle;
    /// In blocks, from a vote's first one on.
    uint256 public immutable proposing;
    /// In blocks, from the end of proposing on.
    uint256 public immutable voting;
    /// In ten-thousandths of the coin's supply.
    uint256 public immutable quorum;

    uint64 private _latestVersion = 1;
    uint64 private _nextVote; // no earlier one can be counted any more
    mapping(uint256 version => bytes32 specHash) private _specs;
    mapping(uint256 vote => Vote) private _votes;
    mapping(uint256 vote => mapping(address account => Interest)) private _interests;
    mapping(uint256 vote => mapping(bytes32 specHash => uint64 power)) private _backings;

    event InterestRegistered(uint256 indexed vote, address indexed account, uint256 power);
    /// `backing` is the power behind the proposal from now on.
    event Proposed(
        uint256 indexed vote,
        address indexed account,
        bytes32 indexed specHash,
        uint256 power,
        uint256 backing
    );
    event Cast(uint256 indexed vote, address indexed account, uint256 ranking, uint256 power);
    /// `specHash` is that of the new `version`, or zero when the vote changed nothing.
    event Counted(uint256 indexed vote, bytes32 specHash, uint256 version, uint256 castPower);

    error ScheduleInvalid(uint256 cycle, uint256 proposing, uint256 voting);
    error QuorumOutOfRange(uint256 quorum, uint256 max);
    error WrongPhase(uint256 vote, Phase wanted, uint256 currentVote, Phase currentPhase);
    /// Nobody had delegated to the account, itself included, by the end of block `snapshot`.
    error NoPower(address account, uint256 snapshot);
    error AlreadyRegistered(address account, uint256 vote);
    error NotRegistered(address account, uint256 vote);
    error AlreadyProposed(address account, uint256 vote);
    error AlreadyCast(address account, uint256 vote);
    /// The ballot was signed over other proposals than this vote's, or in another order.
    error OptionsDiffer(bytes32 expected, bytes32 given);
    /// The zero hash, or the one that the latest version has already.
    error SpecRefused(bytes32 specHash);
    /// This vote or a later one has been counted.
    error AlreadyCounted(uint256 vote, uint256 nextVote);

    constructor(
        KallCoin coin_,
        bytes32 firstSpec,
        uint256 cycle_,
        uint256 proposing_,
        uint256 voting_,
        uint256 quorum_
    ) EIP712("KallSpec", "1") {
        require(
            proposing_ > 0 && voting_ > 0 && cycle_ <= MAX_CYCLE && proposing_ < cycle_
                && voting_ < cycle_ - proposing_,
            ScheduleInvalid(cycle_, proposing_, voting_)
        );
        require(quorum_ <= WHOLE, QuorumOutOfRange(quorum_, WHOLE));
        require(firstSpec != 0, SpecRefused(firstSpec));
        coin = coin_;
        origin = block.number;
        cycle = cycle_;
        proposing = proposing_;
        voting = voting_;
        quorum = quorum_;
        _specs[1] = firstSpec;
    }

    /// Enters the account, with its power at the snapshot, for this one vote.
    function registerInterest(address account, uint256 vote, uint256 deadline, bytes calldata signature)
        external
    {
        _requirePhase(vote, Phase.Proposing);
        _authorize(account, deadline, Messages.interest(account, vote, deadline), signature);
        Interest storage interest_ = _interests[vote][account];
        require(interest_.power == 0, AlreadyRegistered(account, vote));
        uint256 snapshot = snapshotOf(vote);
        uint256 power = coin.getPastVotes(account, snapshot);
        require(power != 0, NoPower(account, snapshot));

        interest_.power = SafeCast.toUint64(power);
        emit InterestRegistered(vote, account, power);
    }

    /// Puts the account's power behind a specification, whoever else is behind it.
    function propose(
        address account,
        uint256 vote,
        bytes32 specHash,
        uint256 deadline,
        bytes calldata signature
    ) external {
        _requirePhase(vote, Phase.Proposing);
        _authorize(account, deadline, Messages.proposal(account, vote, specHash, deadline), signature);
        require(specHash != 0 && specHash != _specs[_latestVersion], SpecRefused(specHash));
        uint64 power = _requireInterest(vote, account);
        require(!_interests[vote][account].proposed, AlreadyProposed(account, vote));

        _interests[vote][account].proposed = true;
        uint64 backing_ = _backings[vote][specHash] + power;
        _backings[vote][specHash] = backing_;
        _rank(_votes[vote], specHash, backing_);
        emit Proposed(vote, account, specHash, power, backing_);
    }

    /// Option 1 is "no change", 2 and on are the proposals in the ballot's order. `ranking` has a hexadecimal
    /// digit for each preference, the first one in front: 0x31 for option 3 and else "no change". `options` is the
    /// keccak-256 of the proposals' hashes in that order, so that a ballot means the same after a reorganisation.
    function cast(
        address account,
        uint256 vote,
        bytes32 options,
        uint256 ranking,
        uint256 deadline,
        bytes calldata signature
    ) external {
        _requirePhase(vote, Phase.Voting);
        _authorize(account, deadline, Messages.ballot(account, vote, options, ranking, deadline), signature);
        uint64 power = _requireInterest(vote, account);
        require(!_interests[vote][account].cast, AlreadyCast(account, vote));
        Vote storage vote_ = _votes[vote];
        _requireOptions(vote_, options);
        uint256 place = Stv.place(ranking, uint256(vote_.head.proposals) + 1);

        _interests[vote][account].cast = true;
        vote_.head.castPower += power;
        vote_.tally[place] += power;
        emit Cast(vote, account, ranking, power);
    }

    /// Ends a vote once its ballots are in, unless a later one has been counted. The new version is the one
    /// after the latest.
    function count(uint256 vote) external returns (bytes32 specHash) {
        (uint256 current, Phase phase) = currentVote();
        // Meant: this vote's own phase, which only the block number moves.
        // slither-disable-next-line incorrect-equality
        require(
            vote < current || (vote == current && phase == Phase.Counting),
            WrongPhase(vote, Phase.Counting, current, phase)
        );
        require(vote >= _nextVote, AlreadyCounted(vote, _nextVote));
        Vote storage vote_ = _votes[vote];
        specHash = _winner(vote, vote_);

        uint64 version = _latestVersion;
        if (specHash != 0) _specs[++version] = specHash;
        _latestVersion = version;
        _nextVote = SafeCast.toUint64(vote + 1);
        vote_.head.version = version;
        emit Counted(vote, specHash, version, vote_.head.castPower);
    }

    /// The hash of a network API version's specification; zero for versions that are not there yet.
    function specOf(uint256 version) external view returns (bytes32) {
        return _specs[version];
    }

    function latestVersion() external view returns (uint256) {
        return _latestVersion;
    }

    /// The first vote that can still be counted.
    function nextVote() external view returns (uint256) {
        return _nextVote;
    }

    function headOf(uint256 vote) external view returns (Head memory) {
        return _votes[vote].head;
    }

    /// The strongest proposals, strongest first: options 2 and on.
    function ballot(uint256 vote) external view returns (bytes32[] memory hashes, uint64[] memory powers) {
        Vote storage vote_ = _votes[vote];
        hashes = _hashes(vote_);
        powers = new uint64[](hashes.length);
        for (uint256 i = 0; i < hashes.length; i++) {
            powers[i] = vote_.powers[i];
        }
    }

    function interest(uint256 vote, address account) external view returns (Interest memory) {
        return _interests[vote][account];
    }

    /// The power behind a proposal, on the ballot or not.
    function backing(uint256 vote, bytes32 specHash) external view returns (uint256) {
        return _backings[vote][specHash];
    }

    /// The power behind each ranking, by its place (see Stv).
    function tally(uint256 vote) external view returns (uint64[PLACES] memory) {
        return Stv.load(_votes[vote].tally);
    }

    /// The vote that has this block, and what can be done in it.
    function currentVote() public view returns (uint256 vote, Phase phase) {
        vote = (block.number - origin) / cycle;
        uint256 elapsed = (block.number - origin) % cycle;
        if (elapsed < proposing) return (vote, Phase.Proposing);
        return (vote, elapsed < proposing + voting ? Phase.Voting : Phase.Counting);
    }

    /// The block at whose end power counts.
    function snapshotOf(uint256 vote) public view returns (uint256) {
        return origin + vote * cycle - 1;
    }

    function _winner(uint256 vote, Vote storage vote_) private view returns (bytes32 specHash) {
        Head memory head = vote_.head;
        uint256 supply = coin.getPastTotalSupply(snapshotOf(vote));
        if (head.proposals == 0 || head.castPower * WHOLE < supply * quorum) return 0;
        uint256 winner = Stv.count(Stv.load(vote_.tally), uint256(head.proposals) + 1);
        if (winner == Stv.NO_CHANGE) return 0;
        specHash = vote_.hashes[winner - 2];
        // An earlier vote that was counted late may have chosen it meanwhile.
        if (specHash == _specs[_latestVersion]) return 0;
    }

    /// @dev Keeps the strongest in order. Of equals, the one that had this power first is the stronger.
    function _rank(Vote storage vote_, bytes32 specHash, uint64 power) private {
        uint256 length = vote_.head.proposals;
        uint256 i = 0;
        while (i < length && vote_.hashes[i] != specHash) i++;
        if (i == MAX_PROPOSALS) {
            i--;
            if (vote_.powers[i] >= power) return;
        } else if (i == length) {
            vote_.head.proposals++;
        }
        for (; i > 0 && vote_.powers[i - 1] < power; i--) {
            vote_.powers[i] = vote_.powers[i - 1];
            vote_.hashes[i] = vote_.hashes[i - 1];
        }
        vote_.powers[i] = power;
        vote_.hashes[i] = specHash;
    }

    function _hashes(Vote storage vote_) private view returns (bytes32[] memory hashes) {
        uint256 length = vote_.head.proposals;
        hashes = new bytes32[](length);
        for (uint256 i = 0; i < length; i++) {
            hashes[i] = vote_.hashes[i];
        }
    }

    function _authorize(address account, uint256 deadline, bytes32 structHash, bytes calldata signature)
        private
        view
    {
        Signatures.requireInTime(deadline);
        Signatures.requireBy(account, _hashTypedDataV4(structHash), signature);
    }

    function _requirePhase(uint256 vote, Phase wanted) private view {
        (uint256 current, Phase phase) = currentVote();
        // Meant: each step has its blocks, and nobody can move those.
        // slither-disable-next-line incorrect-equality
        require(vote == current && phase == wanted, WrongPhase(vote, wanted, current, phase));
    }

    function _requireOptions(Vote storage vote_, bytes32 given) private view {
        bytes32 expected = keccak256(abi.encodePacked(_hashes(vote_)));
        require(given == expected, OptionsDiffer(expected, given));
    }

    function _requireInterest(uint256 vote, address account) private view returns (uint64 power) {
        power = _interests[vote][account].power;
        require(power != 0, NotRegistered(account, vote));
    }
}
