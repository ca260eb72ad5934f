// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallSpec} from "../../src/KallSpec.sol";
import {Messages} from "../../src/Messages.sol";
import {Base} from "../Base.sol";

/// Vote 0 has the blocks 2000 to 2099: proposing until 2029, voting until 2069.
abstract contract SpecBase is Base {
    uint256 internal constant ORIGIN = 2000;
    uint256 internal constant CYCLE = 100;
    uint256 internal constant PROPOSING = 30;
    uint256 internal constant VOTING = 40;
    uint256 internal constant QUORUM = 1000; // a tenth
    bytes32 internal constant FIRST_SPEC = keccak256("network API 1");
    bytes32 internal constant RED = keccak256("red");
    bytes32 internal constant GREEN = keccak256("green");
    bytes32 internal constant BLUE = keccak256("blue");
    bytes32 internal constant WHITE = keccak256("white");
    bytes32 internal constant BLACK = keccak256("black");
    uint256 private constant FIRST_VOTER = 0x707e4;

    KallSpec internal spec;

    /// @dev Voters have what they were given by now at the snapshot.
    function openVotes() internal {
        vm.roll(ORIGIN);
        spec = new KallSpec(coin, FIRST_SPEC, CYCLE, PROPOSING, VOTING, QUORUM);
    }

    function voter(uint256 index) internal pure returns (address) {
        return vm.addr(FIRST_VOTER + index);
    }

    function giveVoter(uint256 index, uint256 power) internal {
        coin.transfer(voter(index), power);
        vm.prank(voter(index));
        coin.delegate(voter(index));
    }

    function signAs(uint256 index, bytes32 structHash) internal view returns (bytes memory) {
        return sign(FIRST_VOTER + index, digest("KallSpec", address(spec), structHash));
    }

    function signInterest(uint256 index, uint256 vote) internal view returns (bytes memory) {
        return signAs(index, Messages.interest(voter(index), vote, deadline));
    }

    function signProposal(uint256 index, uint256 vote, bytes32 specHash)
        internal
        view
        returns (bytes memory)
    {
        return signAs(index, Messages.proposal(voter(index), vote, specHash, deadline));
    }

    function signBallot(uint256 index, uint256 vote, uint256 ranking) internal view returns (bytes memory) {
        return signAs(index, Messages.ballot(voter(index), vote, optionsOf(vote), ranking, deadline));
    }

    function optionsOf(uint256 vote) internal view returns (bytes32) {
        (bytes32[] memory hashes,) = spec.ballot(vote);
        return keccak256(abi.encodePacked(hashes));
    }

    function registerInterest(uint256 index, uint256 vote) internal {
        spec.registerInterest(voter(index), vote, deadline, signInterest(index, vote));
    }

    function propose(uint256 index, uint256 vote, bytes32 specHash) internal {
        spec.propose(voter(index), vote, specHash, deadline, signProposal(index, vote, specHash));
    }

    function cast(uint256 index, uint256 vote, uint256 ranking) internal {
        bytes memory signature = signBallot(index, vote, ranking);
        spec.cast(voter(index), vote, optionsOf(vote), ranking, deadline, signature);
    }

    function rollToProposing(uint256 vote) internal {
        vm.roll(ORIGIN + vote * CYCLE);
    }

    function rollToVoting(uint256 vote) internal {
        vm.roll(ORIGIN + vote * CYCLE + PROPOSING);
    }

    function rollToCounting(uint256 vote) internal {
        vm.roll(ORIGIN + vote * CYCLE + PROPOSING + VOTING);
    }

    function wrongPhase(uint256 vote, KallSpec.Phase wanted, uint256 current, KallSpec.Phase phase)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(KallSpec.WrongPhase.selector, vote, wanted, current, phase);
    }

    /// @dev Of five options.
    function allRankings() internal pure returns (uint256[] memory rankings) {
        rankings = new uint256[](325);
        uint256 found;
        for (uint256 ranking = 0; found < 325; ranking++) {
            if (isRanking(ranking, 5)) rankings[found++] = ranking;
        }
    }

    function isRanking(uint256 ranking, uint256 options) internal pure returns (bool) {
        uint256 named = 1;
        if (ranking == 0) return false;
        for (; ranking != 0; ranking >>= 4) {
            uint256 option = ranking & 0xf;
            if (option > options || (named >> option) & 1 == 1) return false;
            named |= uint256(1) << option;
        }
        return true;
    }

    /// @dev Names one option or more, each once.
    function randomRanking(uint256 random, uint256 options) internal pure returns (uint256 ranking) {
        uint256 named;
        for (uint256 i = 0; i < options; i++) {
            uint256 option = (random >> (64 + 8 * i)) % options + 1;
            if ((named >> option) & 1 == 1) continue;
            named |= uint256(1) << option;
            ranking = (ranking << 4) | option;
        }
    }

    /// @dev Who a signature belongs to under another domain.
    function wrongSigner(uint256 index, bytes32 structHash, bytes memory signature)
        internal
        view
        returns (bytes memory)
    {
        address other = recovered(digest("KallSpec", address(spec), structHash), signature);
        return abi.encodeWithSelector(bytes4(keccak256("BadSignature(address,address)")), voter(index), other);
    }
}
