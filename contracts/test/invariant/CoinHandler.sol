// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallCoin} from "../../src/KallCoin.sol";
import {Base} from "../Base.sol";

/// Moves coins between four holders by each of the coin's ways, and keeps its own books of who has how many.
/// Every now and then a payment goes to the coin itself, to a spent authorization or beyond what is there.
contract CoinHandler is Base {
    uint256 public constant HOLDERS = 4;
    uint256 internal constant FIRST_KEY = 0xc014;

    mapping(uint256 holder => uint256) public balanceOf;
    mapping(uint256 holder => address) public delegateOf;
    uint256 private _authorizations;
    address[] private _holders;

    struct Authorization {
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }

    constructor(KallCoin coin_) {
        coin = coin_;
        for (uint256 i = 0; i < HOLDERS; i++) {
            _holders.push(vm.addr(FIRST_KEY + i));
            balanceOf[i] = SUPPLY / HOLDERS;
        }
    }

    function setUp() public override {}

    function holderAt(uint256 index) public view returns (address) {
        return _holders[index % HOLDERS];
    }

    function transfer(uint256 from, uint256 to, uint256 amount) external {
        amount = _amount(from, amount);
        vm.prank(holderAt(from));
        try coin.transfer(_payee(to), amount) {
            _moved(from, to, amount);
        } catch {
            _refused(from, to, amount);
        }
    }

    /// @dev The spender is another holder, on the holder's permit.
    function permitAndTransferFrom(uint256 from, uint256 spender, uint256 to, uint256 amount) external {
        amount = _amount(from, amount);
        uint256 until = vm.getBlockTimestamp();
        bytes memory signature = signPermit(FIRST_KEY + from % HOLDERS, holderAt(spender), amount, until);
        (bytes32 r, bytes32 s, uint8 v) = split(signature);
        coin.permit(holderAt(from), holderAt(spender), amount, until, v, r, s);
        vm.prank(holderAt(spender));
        try coin.transferFrom(holderAt(from), _payee(to), amount) {
            vm.assertEq(coin.allowance(holderAt(from), holderAt(spender)), 0);
            _moved(from, to, amount);
        } catch {
            _refused(from, to, amount);
        }
    }

    function transferWithAuthorization(uint256 from, uint256 to, uint256 amount, uint256 signer) external {
        from %= HOLDERS;
        signer = signer % 8 == 0 ? from + 1 : from;
        Authorization memory a = Authorization({
            from: holderAt(from),
            to: _payee(to),
            value: _amount(from, amount),
            validAfter: vm.getBlockTimestamp() - 1,
            validBefore: vm.getBlockTimestamp() + 1,
            nonce: bytes32(++_authorizations)
        });
        bytes memory signature = _sign(a, FIRST_KEY + signer % HOLDERS);
        if (_submit(a, signature)) {
            vm.assertEq(signer, from);
            _moved(from, to, a.value);
            vm.assertFalse(_submit(a, signature));
        } else if (signer == from) {
            _refused(from, to, a.value);
        }
    }

    function delegate(uint256 from, uint256 to) external {
        vm.prank(holderAt(from));
        coin.delegate(holderAt(to));
        delegateOf[from % HOLDERS] = holderAt(to);
    }

    /// @dev One payment in sixteen is for more than there is.
    function _amount(uint256 from, uint256 amount) private view returns (uint256) {
        uint256 balance = balanceOf[from % HOLDERS];
        return amount % 16 == 0 ? balance + 1 : amount % (balance + 1);
    }

    /// @dev One payment in nine is for the coin itself.
    function _payee(uint256 to) private view returns (address) {
        return to % 9 == 0 ? address(coin) : holderAt(to);
    }

    function _moved(uint256 from, uint256 to, uint256 amount) private {
        vm.assertTrue(_payee(to) != address(coin), "the coin was paid");
        balanceOf[from % HOLDERS] -= amount;
        balanceOf[to % HOLDERS] += amount;
    }

    function _refused(uint256 from, uint256 to, uint256 amount) private view {
        bool tooMuch = amount > balanceOf[from % HOLDERS];
        vm.assertTrue(tooMuch || _payee(to) == address(coin), "refused a good payment");
    }

    function _sign(Authorization memory a, uint256 key) private view returns (bytes memory) {
        bytes32 typeHash = keccak256(
            "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        return sign(key, digest("kallCoin", address(coin), keccak256(abi.encode(typeHash, a))));
    }

    function _submit(Authorization memory a, bytes memory signature) private returns (bool) {
        (bytes32 r, bytes32 s, uint8 v) = split(signature);
        try coin.transferWithAuthorization(
            a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce, v, r, s
        ) {
            return true;
        } catch {
            return false;
        }
    }
}
