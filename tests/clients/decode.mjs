// Reads transactions with other people's libraries: one JSON request a line in, one JSON answer a line out, until the input ends.
//
//   {"evm": "0x..."}        -> {"viem": fields or {error}, "ethers": fields or {error}}
//   {"solana": "<base64>"}  -> {"kit": fields or {error}}
//
// Numbers are decimal strings, bytes 0x-hex in lower case, addresses as the library spells them.
import { createInterface } from "node:readline";

import { Transaction as EthersTransaction } from "ethers";
import { keccak256, parseTransaction, recoverTransactionAddress } from "viem";

const text = (value) => (value === undefined || value === null ? null : String(value));
const whole = (value) => BigInt(value ?? 0).toString();

async function viem(raw) {
  const tx = parseTransaction(raw);
  const isSigned = tx.r !== undefined;
  return {
    type: tx.type === "legacy" ? 0 : tx.type === "eip1559" ? 2 : tx.type,
    chain: whole(tx.chainId),
    nonce: whole(tx.nonce),
    to: text(tx.to),
    value: whole(tx.value),
    data: tx.data ?? "0x",
    gas: whole(tx.gas),
    maxFee: whole(tx.type === "legacy" ? tx.gasPrice : tx.maxFeePerGas),
    tip: whole(tx.type === "legacy" ? tx.gasPrice : tx.maxPriorityFeePerGas),
    accessList: (tx.accessList ?? []).length,
    hash: isSigned ? keccak256(raw) : null,
    sender: isSigned ? await recoverTransactionAddress({ serializedTransaction: raw }) : null,
    r: isSigned ? whole(tx.r) : null,
    s: isSigned ? whole(tx.s) : null,
    parity: isSigned ? whole(tx.yParity ?? tx.v - tx.chainId * 2 - 35) : null,
  };
}

async function ethers(raw) {
  const tx = EthersTransaction.from(raw);
  return {
    type: tx.type,
    chain: whole(tx.chainId),
    nonce: whole(tx.nonce),
    to: text(tx.to),
    value: whole(tx.value),
    data: tx.data,
    gas: whole(tx.gasLimit),
    maxFee: whole(tx.type === 0 ? tx.gasPrice : tx.maxFeePerGas),
    tip: whole(tx.type === 0 ? tx.gasPrice : tx.maxPriorityFeePerGas),
    accessList: (tx.accessList ?? []).length,
    hash: tx.isSigned() ? tx.hash : null,
    sender: tx.isSigned() ? tx.from : null,
    r: tx.isSigned() ? whole(tx.signature.r) : null,
    s: tx.isSigned() ? whole(tx.signature.s) : null,
    parity: tx.isSigned() ? whole(tx.signature.yParity) : null,
  };
}

async function kit(base64) {
  const { readWithKit } = await import("./decode_solana.mjs");
  return readWithKit(base64);
}

async function tried(read, bytes) {
  try {
    return await read(bytes);
  } catch (error) {
    return { error: `${error.name}: ${error.message}`.slice(0, 300) };
  }
}

async function answer(request) {
  if (request.evm !== undefined) return { viem: await tried(viem, request.evm), ethers: await tried(ethers, request.evm) };
  return { kit: await tried(kit, request.solana) };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
