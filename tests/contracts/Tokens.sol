// SPDX-License-Identifier: MIT
// Tokens that tests pay with: one as the standard says, and those that deviate as tokens on real chains do.
pragma solidity 0.8.37;

/// The books of a token (EIP-20), without the functions that move it.
abstract contract Books {
    string public name;
    string public symbol;
    uint8 public immutable decimals;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    constructor(string memory name_, string memory symbol_, uint8 decimals_) {
        name = name_;
        symbol = symbol_;
        decimals = decimals_;
    }

    /// Anybody may make as much as a test wants.
    function mint(address to, uint256 value) external {
        totalSupply += value;
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }

    function _move(address from, address to, uint256 value) internal {
        balanceOf[from] -= value;
        balanceOf[to] += value;
        emit Transfer(from, to, value);
    }

    function _allow(address spender, uint256 value) internal {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
    }

    function _use(address from, uint256 value) internal {
        if (allowance[from][msg.sender] != type(uint256).max) allowance[from][msg.sender] -= value;
    }
}

/// As EIP-20 says; refuses with a reason.
contract Standard is Books {
    constructor(string memory name_, string memory symbol_, uint8 decimals_) Books(name_, symbol_, decimals_) {}

    function transfer(address to, uint256 value) public virtual returns (bool) {
        require(balanceOf[msg.sender] >= value, "transfer amount exceeds balance");
        _move(msg.sender, to, value);
        return true;
    }

    function approve(address spender, uint256 value) external returns (bool) {
        _allow(spender, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        _use(from, value);
        _move(from, to, value);
        return true;
    }
}

/// Returns nothing at all, as the first tokens did.
contract Silent is Books {
    constructor(string memory name_, string memory symbol_, uint8 decimals_) Books(name_, symbol_, decimals_) {}

    function transfer(address to, uint256 value) external {
        _move(msg.sender, to, value);
    }

    function approve(address spender, uint256 value) external {
        _allow(spender, value);
    }

    function transferFrom(address from, address to, uint256 value) external {
        _use(from, value);
        _move(from, to, value);
    }
}

/// Says false instead of reverting when it does not move: when frozen, or with too little to move.
contract Falsey is Books {
    bool public frozen;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) Books(name_, symbol_, decimals_) {}

    function freeze(bool frozen_) external {
        frozen = frozen_;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        if (frozen || balanceOf[msg.sender] < value) return false;
        _move(msg.sender, to, value);
        return true;
    }
}

/// Keeps one percent of what is sent.
contract Taxed is Books {
    constructor(string memory name_, string memory symbol_, uint8 decimals_) Books(name_, symbol_, decimals_) {}

    function transfer(address to, uint256 value) external returns (bool) {
        uint256 tax = value / 100;
        _move(msg.sender, address(this), tax);
        _move(msg.sender, to, value - tax);
        return true;
    }
}

/// Reverts as told: not, with a reason, with an error of its own, with a panic, without a word, with too much of a reason.
contract Reverting is Standard {
    uint8 public mode;
    uint8 public odds;

    error Blocked(address to, uint256 value);

    constructor(string memory name_, string memory symbol_, uint8 decimals_) Standard(name_, symbol_, decimals_) {}

    function setMode(uint8 mode_) external {
        mode = mode_;
    }

    /// So many percent of the transfers revert, others in every block.
    function setOdds(uint8 odds_) external {
        odds = odds_;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        if (mode == 1) revert("transfers are closed");
        if (mode == 2) revert Blocked(to, value);
        if (mode == 3) assert(value == 0);
        if (mode == 4) revert();
        if (mode == 5) revert(string(new bytes(20_000)));
        require(uint256(keccak256(abi.encode(block.number, to))) % 100 >= odds, "bad luck");
        return super.transfer(to, value);
    }
}

/// Takes all that the sender has once gas has a price: who tries it out without one loses the amount alone.
contract TwoFaced is Standard {
    constructor(string memory name_, string memory symbol_, uint8 decimals_) Standard(name_, symbol_, decimals_) {}

    function transfer(address to, uint256 value) public override returns (bool) {
        return super.transfer(to, tx.gasprice == 0 ? value : balanceOf[msg.sender]);
    }
}

/// Takes money and counts it as its own token, as wrapped coins do.
contract Wrapped is Standard {
    constructor(string memory name_, string memory symbol_, uint8 decimals_) Standard(name_, symbol_, decimals_) {}

    receive() external payable {
        balanceOf[msg.sender] += msg.value;
    }
}

/// Name and symbol as bytes32, from before strings were agreed on.
contract Ancient {
    bytes32 public constant name = "Ancient Coin";
    bytes32 public constant symbol = "ANC";
    uint256 public constant decimals = 18;
    mapping(address => uint256) public balanceOf;

    event Transfer(address indexed from, address indexed to, uint256 value);

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        emit Transfer(msg.sender, to, value);
        return true;
    }
}

/// Moves balances and tells nothing of itself.
contract Nameless {
    mapping(address => uint256) public balanceOf;

    function mint(address to, uint256 value) external {
        balanceOf[to] += value;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        balanceOf[msg.sender] -= value;
        balanceOf[to] += value;
        return true;
    }
}
