// @solana/kit, unmodified, as a user of the localnet: `node kit_story.mjs <folder with node_modules> <url>`.
// Prints what it saw as one JSON object; the Python test judges it.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder, url] = process.argv.slice(2);
const kit = createRequire(join(folder, 'package.json'))('@solana/kit');

const SOL = 1_000_000_000n;
const SYSTEM = kit.address('11111111111111111111111111111111');
const MEMO = kit.address('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr');
const TOKEN = kit.address('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');

const rpc = kit.createSolanaRpc(url);

async function status(signature, options = {}) {
  return (await rpc.getSignatureStatuses([signature], options).send()).value[0];
}

async function advance(slots) {
  const answer = await fetch(`${url}/control/advance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ slots }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

function transfer(from, to, lamports) {
  const data = new Uint8Array(12);
  const view = new DataView(data.buffer);
  view.setUint32(0, 2, true);
  view.setBigUint64(4, lamports, true);
  const accounts = [
    { address: from.address, role: kit.AccountRole.WRITABLE_SIGNER },
    { address: to, role: kit.AccountRole.WRITABLE },
  ];
  return { programAddress: SYSTEM, accounts, data };
}

async function signed(from, lifetime, ...instructions) {
  const message = kit.pipe(
    kit.createTransactionMessage({ version: 0 }),
    (one) => kit.setTransactionMessageFeePayerSigner(from, one),
    (one) => kit.setTransactionMessageLifetimeUsingBlockhash(lifetime, one),
    (one) => kit.appendTransactionMessageInstructions(instructions, one),
  );
  return kit.signTransactionMessageWithSigners(message);
}

function send(transaction, options = {}) {
  return rpc.sendTransaction(kit.getBase64EncodedWireTransaction(transaction), { encoding: 'base64', ...options }).send();
}

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

const saw = {};
const payer = await kit.generateKeyPairSigner();
const recipient = (await kit.generateKeyPairSigner()).address;

saw.genesis = await rpc.getGenesisHash().send();
saw.version = (await rpc.getVersion().send())['solana-core'];
saw.health = await rpc.getHealth().send();

const drop = await rpc.requestAirdrop(payer.address, kit.lamports(5n * SOL)).send();
await advance(1);
saw.dropped = (await status(drop)).confirmationStatus;

const { value: lifetime } = await rpc.getLatestBlockhash().send();
const memo = { programAddress: MEMO, accounts: [], data: new TextEncoder().encode('hello') };
const payment = await signed(payer, lifetime, transfer(payer, recipient, SOL), memo);

const simulated = await rpc
  .simulateTransaction(kit.getBase64EncodedWireTransaction(payment), { encoding: 'base64', sigVerify: true })
  .send();
saw.simulated = { err: simulated.value.err, units: Number(simulated.value.unitsConsumed) };

const signature = await send(payment);
saw.sameSignature = signature === kit.getSignatureFromTransaction(payment);
saw.climbed = [(await status(signature)).confirmationStatus];
for (const slots of [1, 31]) {
  await advance(slots);
  saw.climbed.push((await status(signature)).confirmationStatus);
}
saw.paid = String((await rpc.getBalance(recipient).send()).value);

const found = await rpc
  .getTransaction(signature, { encoding: 'jsonParsed', maxSupportedTransactionVersion: 0, commitment: 'finalized' })
  .send();
saw.transaction = {
  fee: String(found.meta.fee),
  err: found.meta.err,
  version: found.version,
  lamports: String(found.transaction.message.instructions[0].parsed.info.lamports),
  memo: found.transaction.message.instructions[1].parsed,
};
const listed = await rpc.getSignaturesForAddress(recipient, { limit: 10 }).send();
saw.listed = listed.map((row) => row.signature === signature && row.memo);

const repeated = await failure(send(payment));
saw.repeated = {
  isPreflight: kit.isSolanaError(repeated, kit.SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE),
  isAlreadyProcessed: kit.isSolanaError(repeated.cause, kit.SOLANA_ERROR__TRANSACTION_ERROR__ALREADY_PROCESSED),
};
const poor = await failure(send(await signed(payer, lifetime, transfer(payer, recipient, 50n * SOL))));
saw.poor = {
  logs: poor.context.logs.length,
  isCustom: kit.isSolanaError(poor.cause, kit.SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM),
};

const account = (await rpc.getAccountInfo(recipient, { encoding: 'base64' }).send()).value;
saw.account = { lamports: String(account.lamports), owner: account.owner, space: String(account.space) };
const both = await rpc.getMultipleAccounts([recipient, TOKEN], { encoding: 'base64' }).send();
saw.executable = both.value.map((one) => one.executable);
saw.tokens = (await rpc.getTokenAccountsByOwner(recipient, { programId: TOKEN }, { encoding: 'jsonParsed' }).send()).value;
saw.rent = String(await rpc.getMinimumBalanceForRentExemption(0n).send());
const wire = kit.getCompiledTransactionMessageDecoder().decode(payment.messageBytes);
saw.keys = wire.staticAccounts.length;
const bytes = kit.getBase64Decoder().decode(payment.messageBytes);
saw.fee = String((await rpc.getFeeForMessage(bytes, { commitment: 'processed' }).send()).value);
saw.prices = (await rpc.getRecentPrioritizationFees([recipient]).send()).length;
const epoch = await rpc.getEpochInfo().send();
saw.heightBelowSlot = epoch.blockHeight < epoch.absoluteSlot;
saw.block = (await rpc.getBlock(found.slot, { maxSupportedTransactionVersion: 0, transactionDetails: 'full' }).send())
  .transactions.some((one) => one.transaction.signatures[0] === signature);

const late = await signed(payer, lifetime, transfer(payer, recipient, 2n * SOL));
await advance(150);
saw.heightPassed = (await rpc.getBlockHeight({ commitment: 'confirmed' }).send()) > lifetime.lastValidBlockHeight;
saw.stillValid = (await rpc.isBlockhashValid(lifetime.blockhash).send()).value;
const expired = await failure(send(late));
saw.expired = kit.isSolanaError(expired.cause, kit.SOLANA_ERROR__TRANSACTION_ERROR__BLOCKHASH_NOT_FOUND);
const lost = await send(late, { skipPreflight: true });
saw.lost = await status(lost, { searchTransactionHistory: true });

console.log(JSON.stringify(saw));
