// A Solana transaction as @solana/kit and the program clients made for it read it.
import {
  decompileTransactionMessage,
  getBase58Decoder,
  getCompiledTransactionMessageDecoder,
  getPublicKeyFromAddress,
  getTransactionDecoder,
  verifySignature,
} from "@solana/kit";
import { parseAddMemoInstruction } from "@solana-program/memo";
import { parseTransferSolInstruction } from "@solana-program/system";
import {
  identifyAssociatedTokenInstruction,
  AssociatedTokenInstruction,
  parseCreateAssociatedTokenIdempotentInstruction,
  parseTransferCheckedInstruction,
} from "@solana-program/token";

const SYSTEM = "11111111111111111111111111111111";
const MEMO = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";
const TOKENS = ["TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA", "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"];
const ASSOCIATED = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL";
const BUDGET = "ComputeBudget111111111111111111111111111111";

function read(instruction) {
  const program = instruction.programAddress;
  if (program === SYSTEM) {
    const { accounts, data } = parseTransferSolInstruction(instruction);
    return { what: "transfer", from: accounts.source.address, to: accounts.destination.address, units: String(data.amount) };
  }
  if (program === MEMO) return { what: "memo", text: parseAddMemoInstruction(instruction).data.memo };
  if (TOKENS.includes(program)) return readToken(program, instruction);
  if (program === ASSOCIATED) return readAssociated(instruction);
  const data = Buffer.from(instruction.data ?? []).toString("hex");
  return { what: program === BUDGET ? "budget" : "unknown", program, data };
}

function readToken(program, instruction) {
  const { accounts, data } = parseTransferCheckedInstruction({ ...instruction, programAddress: TOKENS[0] });
  return {
    what: "tokens",
    program,
    from: accounts.source.address,
    mint: accounts.mint.address,
    to: accounts.destination.address,
    owner: accounts.authority.address,
    units: String(data.amount),
    decimals: data.decimals,
  };
}

function readAssociated(instruction) {
  if (identifyAssociatedTokenInstruction(instruction) !== AssociatedTokenInstruction.CreateAssociatedTokenIdempotent)
    throw new Error("not the creation that may be repeated");
  const { accounts } = parseCreateAssociatedTokenIdempotentInstruction(instruction);
  return {
    what: "create",
    payer: accounts.payer.address,
    account: accounts.ata.address,
    owner: accounts.owner.address,
    mint: accounts.mint.address,
    program: accounts.tokenProgram.address,
  };
}

export async function readWithKit(base64) {
  const transaction = getTransactionDecoder().decode(Buffer.from(base64, "base64"));
  const compiled = getCompiledTransactionMessageDecoder().decode(transaction.messageBytes);
  const message = decompileTransactionMessage(compiled);
  const [[signer, signature], ...others] = Object.entries(transaction.signatures);
  return {
    version: message.version,
    payer: message.feePayer.address,
    signers: 1 + others.length,
    signer,
    signature: getBase58Decoder().decode(signature),
    verifies: await verifySignature(await getPublicKeyFromAddress(signer), signature, transaction.messageBytes),
    blockhash: compiled.lifetimeToken,
    instructions: message.instructions.map(read),
  };
}
