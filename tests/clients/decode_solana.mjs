// A Solana transaction as @solana/kit and the program clients made for it read it.
import {
  decompileTransactionMessage,
  getBase58Decoder,
  getCompiledTransactionMessageDecoder,
  getPublicKeyFromAddress,
  getStructDecoder,
  getTransactionDecoder,
  getU64Decoder,
  getU8Decoder,
  verifySignature,
} from "@solana/kit";
import { ComputeBudgetInstruction, parseComputeBudgetInstruction } from "@solana-program/compute-budget";
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
const BUDGET_WORDS = {
  [ComputeBudgetInstruction.SetComputeUnitLimit]: ["unit limit", "units"],
  [ComputeBudgetInstruction.SetComputeUnitPrice]: ["unit price", "microLamports"],
  [ComputeBudgetInstruction.SetLoadedAccountsDataSizeLimit]: ["data limit", "accountDataSizeLimit"],
};
// TransferCheckedWithFee of Token-2022's transfer-fee extension; its own client wants an older kit
const WITH_FEE = [26, 1];
const WITH_FEE_DECODER = getStructDecoder([
  ["discriminator", getU8Decoder()],
  ["extension", getU8Decoder()],
  ["amount", getU64Decoder()],
  ["decimals", getU8Decoder()],
  ["fee", getU64Decoder()],
]);

function read(instruction) {
  const program = instruction.programAddress;
  if (program === SYSTEM) {
    const { accounts, data } = parseTransferSolInstruction(instruction);
    return { what: "transfer", from: accounts.source.address, to: accounts.destination.address, units: String(data.amount) };
  }
  if (program === MEMO) return { what: "memo", text: parseAddMemoInstruction(instruction).data.memo };
  if (TOKENS.includes(program)) return readToken(program, instruction);
  if (program === ASSOCIATED) return readAssociated(instruction);
  if (program === BUDGET) return readBudget(instruction);
  return { what: "unknown", program, data: Buffer.from(instruction.data).toString("hex") };
}

function readBudget(instruction) {
  const { instructionType, data } = parseComputeBudgetInstruction(instruction);
  const [what, field] = BUDGET_WORDS[instructionType] ?? ["unknown budget", "units"];
  return { what, units: String(data[field]) };
}

function readToken(program, instruction) {
  const [first, second] = instruction.data;
  if (first === WITH_FEE[0] && second === WITH_FEE[1]) return readWithFee(program, instruction);
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

function readWithFee(program, instruction) {
  const { amount, decimals, fee } = WITH_FEE_DECODER.decode(instruction.data);
  const [from, mint, to, owner] = instruction.accounts.map((account) => account.address);
  return { what: "tokens", program, from, mint, to, owner, units: String(amount), decimals, fee: String(fee) };
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
    // kit leaves empty data away, and the programs' clients want some
    instructions: message.instructions.map((one) => read({ ...one, data: one.data ?? new Uint8Array() })),
  };
}
