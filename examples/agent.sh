#!/bin/sh
# An agent that pays one invoice with curl: sh agent.sh ADDRESS AMOUNT INVOICE (amount in base units).
# The invoice's number is the idempotency key, so running it again never pays twice.
set -eu
url=${WAIAAS_URL:-http://127.0.0.1:3100}
to=$1 amount=$2 invoice=$3

# The token goes in by standard input: an argument would be visible to every user of the machine.
ask() {
    printf 'header = "Authorization: Bearer %s"\n' "$WAIAAS_SESSION_TOKEN" |
        curl --config - --silent --show-error --retry 5 --retry-connrefused "$@"
}

echo "balance: $(ask "$url/v1/wallet/balance")"
ask "$url/v1/transactions/send" \
    --header 'Content-Type: application/json' \
    --header "Idempotency-Key: invoice-$invoice" \
    --header 'Prefer: wait=20' \
    --data "{\"to\": \"$to\", \"amount\": \"$amount\", \"memo\": \"invoice $invoice\"}" \
    --write-out '\nHTTP %{http_code}\n'
