// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {KallRegistry} from "../../src/KallRegistry.sol";
import {Messages} from "../../src/Messages.sol";
import {Signatures} from "../../src/Signatures.sol";
import {KryptonBase} from "./KryptonBase.sol";

contract UndeployTest is KryptonBase {
    function setUp() public override {
        super.setUp();
        deploy(PROVIDER_KEY, HOSTNAME);
        registerWith(CLIENT_KEY, PROVIDER_KEY, UUID);
    }

    function test_releasesTheServiceAndLeavesNoBody() public {
        vm.assertNotEq(uint256(vm.load(address(krypton), bodySlot(SERVICE, provider))), 0);
        bytes memory signature = signRelease(PROVIDER_KEY, SERVICE, 1);
        vm.expectEmit(address(registry));
        emit KallRegistry.Released(SERVICE, provider, 0);
        vm.prank(stranger);
        krypton.undeploy(provider, 1, deadline, signature);
        vm.assertEq(uint256(vm.load(address(krypton), bodySlot(SERVICE, provider))), 0);
        vm.assertEq(nonceOf(SERVICE, provider), 2);
    }

    function test_itsUsersDoNotDangle() public {
        undeploy(PROVIDER_KEY);
        expectRefusedQuery(notDeployed(provider));
    }

    function test_itsUsersComeBackWithItWhileItsAgreementStands() public {
        undeploy(PROVIDER_KEY);
        deploy(PROVIDER_KEY, "new.krypton.live");
        vm.assertEq(query("location"), "new.krypton.live");
    }

    function test_leavesTheClientEntryOfTheSameAccount() public {
        registerWith(PROVIDER_KEY, PROVIDER_KEY, UUID);
        deploy(STRANGER_KEY, "other.example.org");
        registerWith(CLIENT_KEY, STRANGER_KEY, UUID);
        undeploy(PROVIDER_KEY);
        vm.assertEq(nonceOf(CLIENT, provider), 1);
        vm.assertEq(query("location"), "other.example.org");
    }

    function test_refusesWhatIsNotDeployed() public {
        undeploy(PROVIDER_KEY);
        bytes memory signature = signRelease(PROVIDER_KEY, SERVICE, 2);
        vm.expectRevert(notRegistered(SERVICE, provider));
        krypton.undeploy(provider, 2, deadline, signature);
    }

    function test_refusesAnotherSigner() public {
        bytes32 structHash = Messages.release(SERVICE, provider, 1, deadline);
        bytes memory signature = sign(STRANGER_KEY, digest("KallRegistry", address(registry), structHash));
        vm.expectRevert(abi.encodeWithSelector(Signatures.BadSignature.selector, provider, stranger));
        krypton.undeploy(provider, 1, deadline, signature);
        vm.assertEq(query("location"), HOSTNAME);
    }

    function test_refusesReplay() public {
        bytes memory signature = signRelease(PROVIDER_KEY, SERVICE, 1);
        krypton.undeploy(provider, 1, deadline, signature);
        deploy(PROVIDER_KEY, HOSTNAME);
        vm.expectRevert(abi.encodeWithSelector(KallRegistry.InvalidAccountNonce.selector, provider, 3));
        krypton.undeploy(provider, 1, deadline, signature);
    }

    function test_refusesAfterTheDeadline() public {
        bytes memory signature = signRelease(PROVIDER_KEY, SERVICE, 1);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(Signatures.MessageExpired.selector, deadline, deadline + 1));
        krypton.undeploy(provider, 1, deadline, signature);
    }
}
