"""WAIaaS held against code that no one here wrote: viem, ethers, web3.py, eth-account, @solana/kit and solana-py."""
