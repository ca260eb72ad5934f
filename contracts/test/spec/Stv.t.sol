// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {PLACES, Stv} from "../../src/Stv.sol";
import {SpecBase} from "./SpecBase.sol";
import {StvHarness} from "./StvHarness.sol";

contract StvTest is SpecBase {
    StvHarness private stv;
    uint256[] private rankings;
    uint64[] private powers;
    uint256 private lastPlace;

    function setUp() public override {
        stv = new StvHarness();
    }

    function test_everyRankingHasAPlaceOfItsOwn() public {
        uint256[5] memory places = [uint256(2), 5, 16, 65, 326];
        for (uint256 options = 1; options <= 5; options++) {
            lastPlace = 0;
            _walk(0, 0, options);
            vm.assertEq(lastPlace, places[options - 1] - 1);
        }
        vm.assertEq(PLACES, 326);
    }

    function test_refusesWhatIsNoRanking() public {
        _expectMalformed(0, 5);
        _expectMalformed(0x6, 5);
        _expectMalformed(0x11, 5);
        _expectMalformed(0x121, 2);
        _expectMalformed(0x10, 5);
        _expectMalformed(0x102, 5);
        _expectMalformed(0x123451, 5);
        _expectMalformed(0x2, 1);
        _expectMalformed(uint256(1) << 252, 5);
    }

    function testFuzz_takesRankingsOnly(uint256 ranking, uint256 options) public {
        options = options % 5 + 1;
        ranking = ranking % 4 == 0 ? ranking : ranking & 0xfffff;
        if (isRanking(ranking, options)) stv.place(ranking, options);
        else _expectMalformed(ranking, options);
    }

    function test_aMajorityWinsAtOnce() public {
        _vote(0x3, 51);
        _vote(0x21, 25);
        _vote(0x12, 24);
        _expectWinner(3, 3);
    }

    function test_ballotsMoveOnInTheirOrder() public {
        _vote(0x1, 40);
        _vote(0x23, 35);
        _vote(0x32, 25);
        _expectWinner(3, 2);
    }

    /// 4 goes out, then 3, and 4's ballots for 3 must pass over it to 2.
    function test_ballotsPassOverWhatWentOut() public {
        _vote(0x1, 40);
        _vote(0x2, 29);
        _vote(0x3, 16);
        _vote(0x432, 15);
        _expectWinner(4, 1);
        _vote(0x2, 3);
        _expectWinner(4, 2);
    }

    function test_ballotsThatNameNoneLeftCountNoMore() public {
        _vote(0x4, 10);
        _vote(0x3, 11);
        _vote(0x2, 13);
        _vote(0x1, 12);
        _expectWinner(4, 2);
    }

    function test_withoutPowerNothingChanges() public {
        for (uint256 options = 1; options <= 5; options++) {
            _expectWinner(options, 1);
        }
        _vote(0x5, 0);
        _expectWinner(5, 1);
    }

    function test_anyPowerBeatsNone() public {
        _vote(0x5, 1);
        _expectWinner(5, 5);
    }

    function test_lastTwoLevelChangeNothing() public {
        _vote(0x2, 10);
        _vote(0x1, 10);
        _expectWinner(2, 1);
        _vote(0x3, 9);
        _expectWinner(3, 1);
    }

    function test_twoProposalsLevelAtTheEndChangeNothing() public {
        _vote(0x1, 5);
        _vote(0x2, 10);
        _vote(0x3, 10);
        _expectWinner(3, 1);
    }

    /// 1 and 3 are the weakest; 3 goes out and its ballots make 1 win.
    function test_noChangeOutlastsAnEqualProposal() public {
        _vote(0x2, 11);
        _vote(0x1, 6);
        _vote(0x31, 6);
        _expectWinner(3, 1);
    }

    /// "No change" has no privilege but in ties: below all others it goes out.
    function test_noChangeGoesOutWhenItIsTheWeakest() public {
        _vote(0x2, 11);
        _vote(0x13, 5);
        _vote(0x3, 7);
        _expectWinner(3, 3);
    }

    /// 3 and 4 are the weakest; 4 goes out, and its ballots bring 3 level with 2. Else 2 would win.
    function test_lastOfEqualProposalsGoesOut() public {
        _vote(0x2, 10);
        _vote(0x1, 8);
        _vote(0x3, 5);
        _vote(0x43, 5);
        _expectWinner(4, 1);
    }

    function testFuzz_winnerIsAnOption(uint64[PLACES] memory tally, uint256 options) public view {
        options = options % 5 + 1;
        uint256 winner = stv.count(tally, options);
        vm.assertTrue(winner >= 1 && winner <= options);
    }

    function testFuzz_majorityFavouriteWins(uint256 seed, uint256 options) public {
        options = options % 4 + 2;
        uint256 favourite = seed % options + 1;
        uint256 others = _castAtRandom(seed, options, 20);
        _vote(favourite, others + 1);
        _expectWinner(options, favourite);
    }

    /// Only who is preferred counts, not how the options are called, as long as there is no tie.
    function testFuzz_proposalsAreEqualBeforeTheCount(uint256 seed, uint256 options) public {
        options = options % 3 + 3;
        _castAtRandom(seed, options, 30);
        uint256 winner = stv.elect(rankings, powers, options);
        uint256 one = 2 + seed % (options - 1);
        uint256 other = 2 + (seed >> 8) % (options - 1);
        for (uint256 i = 0; i < rankings.length; i++) {
            rankings[i] = _swap(rankings[i], one, other);
        }
        _expectWinner(options, _swap(winner, one, other));
    }

    function testFuzz_orderOfTheBallotsDoesNotMatter(uint256 seed, uint256 options) public {
        options = options % 4 + 2;
        _castAtRandom(seed, options, 20);
        uint256 winner = stv.elect(rankings, powers, options);
        for (uint256 i = 0; i < 10; i++) {
            (rankings[i], rankings[19 - i]) = (rankings[19 - i], rankings[i]);
            (powers[i], powers[19 - i]) = (powers[19 - i], powers[i]);
        }
        _expectWinner(options, winner);
    }

    function testFuzz_scaleDoesNotMatter(uint256 seed, uint256 options, uint8 factor) public {
        options = options % 4 + 2;
        _castAtRandom(seed, options, 20);
        uint256 winner = stv.elect(rankings, powers, options);
        for (uint256 i = 0; i < powers.length; i++) {
            powers[i] *= uint64(factor) + 1;
        }
        _expectWinner(options, winner);
    }

    /// What a ballot says after the winner is never looked at.
    function testFuzz_preferencesAfterTheWinnerDoNotMatter(uint256 seed, uint256 options) public {
        options = options % 4 + 2;
        _castAtRandom(seed, options, 20);
        uint256 winner = stv.elect(rankings, powers, options);
        for (uint256 i = 0; i < rankings.length; i++) {
            rankings[i] = _cutAfter(rankings[i], winner);
        }
        _expectWinner(options, winner);
    }

    function _vote(uint256 ranking, uint256 power) private {
        rankings.push(ranking);
        powers.push(uint64(power));
    }

    function _expectWinner(uint256 options, uint256 winner) private view {
        vm.assertEq(stv.elect(rankings, powers, options), winner);
    }

    function _expectMalformed(uint256 ranking, uint256 options) private {
        vm.expectRevert(abi.encodeWithSelector(Stv.MalformedRanking.selector, ranking, options));
        stv.place(ranking, options);
    }

    /// @dev Depth first over all rankings that go on from `ranking`.
    function _walk(uint256 ranking, uint256 used, uint256 options) private {
        for (uint256 option = 1; option <= options; option++) {
            if ((used >> option) & 1 == 1) continue;
            uint256 longer = (ranking << 4) | option;
            vm.assertEq(stv.place(longer, options), ++lastPlace);
            _walk(longer, used | (uint256(1) << option), options);
        }
    }

    function _castAtRandom(uint256 seed, uint256 options, uint256 ballots) private returns (uint256 sum) {
        for (uint256 i = 0; i < ballots; i++) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            uint256 power = uint64(random) >> 16;
            _vote(randomRanking(random, options), power);
            sum += power;
        }
    }

    function _swap(uint256 ranking, uint256 one, uint256 other) private pure returns (uint256 swapped) {
        for (uint256 i = 0; i < 5; i++) {
            uint256 option = (ranking >> (4 * i)) & 0xf;
            if (option == one) option = other;
            else if (option == other) option = one;
            swapped |= option << (4 * i);
        }
    }

    function _cutAfter(uint256 ranking, uint256 winner) private pure returns (uint256) {
        for (uint256 i = 0; i < 5; i++) {
            if ((ranking >> (4 * i)) & 0xf == winner) return ranking >> (4 * i);
        }
        return ranking;
    }
}
