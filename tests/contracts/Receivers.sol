// SPDX-License-Identifier: MIT
// Contracts that are paid.
pragma solidity 0.8.37;

/// Takes what it is sent, or reverts: always, or by chance.
contract Receiver {
    uint8 public odds;
    uint256 public received;

    constructor(uint8 odds_) {
        odds = odds_;
    }

    /// So many percent of the payments revert, others in every block.
    function setOdds(uint8 odds_) external {
        odds = odds_;
    }

    receive() external payable {
        require(uint256(keccak256(abi.encode(block.number, tx.origin, msg.value))) % 100 >= odds, "bad luck");
        received += msg.value;
    }
}

/// Refuses once gas has a price: who tries it out without one hears that all is well.
contract Pricey {
    receive() external payable {
        require(tx.gasprice == 0, "only for free");
    }
}

/// Has code and takes nothing.
contract Closed {
    function answer() external pure returns (uint256) {
        return 42;
    }
}
