// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallCoin} from "../src/KallCoin.sol";
import {Base} from "./Base.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

contract KallCoinTest is Base {
    struct Authorization {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }

    function setUp() public override {
        super.setUp();
        coin.transfer(client, 100 * COIN);
    }

    function test_isNamedAndHeldWhole() public view {
        vm.assertEq(coin.name(), "kallCoin");
        vm.assertEq(coin.symbol(), "KALL");
        vm.assertEq(coin.decimals(), 6);
        vm.assertEq(coin.totalSupply(), SUPPLY);
        vm.assertEq(coin.balanceOf(address(this)), SUPPLY - 100 * COIN);
    }

    function test_supplyFitsInt64() public {
        uint256 most = uint256(uint64(type(int64).max));
        KallCoin largest = new KallCoin(address(this), most);
        vm.assertEq(largest.balanceOf(address(this)), most);
        vm.expectRevert(abi.encodeWithSelector(ERC20Votes.ERC20ExceededSafeSupply.selector, most + 1, most));
        new KallCoin(address(this), most + 1);
    }

    function test_refusesTransferToItself() public {
        vm.expectRevert(_invalidReceiver(address(coin)));
        coin.transfer(address(coin), 1);

        coin.approve(stranger, 1);
        vm.prank(stranger);
        vm.expectRevert(_invalidReceiver(address(coin)));
        coin.transferFrom(address(this), address(coin), 1);

        Authorization memory authorization = _authorization(address(coin));
        bytes memory signature = _sign(authorization, "TransferWithAuthorization");
        vm.expectRevert(_invalidReceiver(address(coin)));
        _transfer(authorization, signature);
    }

    function test_permitSetsTheAllowanceOnce() public {
        (bytes32 r, bytes32 s, uint8 v) = split(signPermit(CLIENT_KEY, stranger, 7, deadline));
        coin.permit(client, stranger, 7, deadline, v, r, s);
        vm.assertEq(coin.allowance(client, stranger), 7);
        vm.assertEq(coin.nonces(client), 1);

        bytes32 next = keccak256(
            abi.encode(
                keccak256(
                    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                ),
                client,
                stranger,
                7,
                1,
                deadline
            )
        );
        address other = ecrecover(digest("kallCoin", address(coin), next), v, r, s);
        vm.expectRevert(abi.encodeWithSelector(ERC20Permit.ERC2612InvalidSigner.selector, other, client));
        coin.permit(client, stranger, 7, deadline, v, r, s);
    }

    function test_delegatedCoinsVote() public {
        vm.assertEq(coin.getVotes(client), 0);
        vm.prank(client);
        coin.delegate(client);
        vm.assertEq(coin.getVotes(client), 100 * COIN);
        coin.transfer(client, COIN);
        vm.assertEq(coin.getVotes(client), 101 * COIN);
    }

    function test_transferWithAuthorizationOnce() public {
        Authorization memory authorization = _authorization(provider);
        bytes memory signature = _sign(authorization, "TransferWithAuthorization");
        vm.assertFalse(coin.authorizationState(client, authorization.nonce));
        _transfer(authorization, signature);
        vm.assertEq(coin.balanceOf(provider), COIN);
        vm.assertTrue(coin.authorizationState(client, authorization.nonce));

        vm.expectRevert(_used(authorization.nonce));
        _transfer(authorization, signature);
    }

    function test_transferWithAuthorizationOnlyAsSigned() public {
        Authorization memory authorization = _authorization(provider);
        bytes memory signature = _sign(authorization, "TransferWithAuthorization");
        authorization.value += 1;
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009InvalidSignature.selector));
        _transfer(authorization, signature);
    }

    function test_transferWithAuthorizationOnlyInItsTime() public {
        Authorization memory authorization = _authorization(provider);
        bytes memory signature = _sign(authorization, "TransferWithAuthorization");
        vm.warp(authorization.validAfter);
        vm.expectRevert(_wrongTime(authorization));
        _transfer(authorization, signature);
        vm.warp(authorization.validBefore);
        vm.expectRevert(_wrongTime(authorization));
        _transfer(authorization, signature);
        vm.warp(authorization.validBefore - 1);
        _transfer(authorization, signature);
    }

    function test_receiveWithAuthorizationOnlyByThePayee() public {
        Authorization memory authorization = _authorization(provider);
        bytes memory signature = _sign(authorization, "ReceiveWithAuthorization");
        vm.prank(stranger);
        vm.expectRevert(_invalidReceiver(provider));
        _receive(authorization, signature);
        vm.prank(provider);
        _receive(authorization, signature);
        vm.assertEq(coin.balanceOf(provider), COIN);
    }

    function test_cancelAuthorization() public {
        Authorization memory authorization = _authorization(provider);
        bytes memory signature = _sign(authorization, "TransferWithAuthorization");
        bytes32 cancel = keccak256(
            abi.encode(
                keccak256("CancelAuthorization(address authorizer,bytes32 nonce)"),
                client,
                authorization.nonce
            )
        );
        (bytes32 r, bytes32 s, uint8 v) = split(sign(CLIENT_KEY, digest("kallCoin", address(coin), cancel)));
        coin.cancelAuthorization(client, authorization.nonce, v, r, s);
        vm.assertTrue(coin.authorizationState(client, authorization.nonce));
        vm.expectRevert(_used(authorization.nonce));
        _transfer(authorization, signature);
    }

    function testFuzz_transfersKeepTheSupply(address to, uint256 amount) public {
        vm.assume(to != address(0) && to != address(coin) && to != address(this));
        amount = amount % (coin.balanceOf(address(this)) + 1);
        uint256 sum = coin.balanceOf(address(this)) + coin.balanceOf(to);
        coin.transfer(to, amount);
        vm.assertEq(coin.balanceOf(address(this)) + coin.balanceOf(to), sum);
        vm.assertEq(coin.totalSupply(), SUPPLY);
    }

    function _authorization(address to) private view returns (Authorization memory) {
        return Authorization(client, to, COIN, START - 10, START + 10, keccak256("nonce"));
    }

    function _sign(Authorization memory authorization, string memory kind)
        private
        view
        returns (bytes memory)
    {
        bytes32 typeHash = keccak256(
            abi.encodePacked(
                kind,
                "(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
            )
        );
        bytes32 structHash = keccak256(abi.encode(typeHash, authorization));
        return sign(CLIENT_KEY, digest("kallCoin", address(coin), structHash));
    }

    function _transfer(Authorization memory a, bytes memory signature) private {
        (bytes32 r, bytes32 s, uint8 v) = split(signature);
        coin.transferWithAuthorization(a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce, v, r, s);
    }

    function _receive(Authorization memory a, bytes memory signature) private {
        (bytes32 r, bytes32 s, uint8 v) = split(signature);
        coin.receiveWithAuthorization(a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce, v, r, s);
    }

    function _invalidReceiver(address to) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, to);
    }

    function _used(bytes32 nonce) private view returns (bytes memory) {
        return abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, client, nonce);
    }

    function _wrongTime(Authorization memory a) private pure returns (bytes memory) {
        return
            abi.encodeWithSelector(
                ERC3009.ERC3009InvalidAuthorizationTime.selector, a.validAfter, a.validBefore
            );
    }
}
