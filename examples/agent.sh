#!/bin/sh
# An agent that pays one invoice with curl: sh agent.sh ADDRESS AMOUNT INVOICE (amount in base units).
# The invoice's number is the idempotency key, so running it again never pays twice.
# Exit codes: 0 a node has the payment, 1 failed, 2 refused by policy, 3 still waiting for time or for a person.
set -eu
url=${WAIAAS_URL:-http://127.0.0.1:3100}
to=$1 amount=$2 invoice=$3

# The token goes in by standard input: an argument would be visible to every user of the machine.
ask() {
    printf 'header = "Authorization: Bearer %s"\n' "$WAIAAS_SESSION_TOKEN" |
        curl --config - --silent --show-error --retry 5 --retry-connrefused "$@"
}

echo "balance: $(ask "$url/v1/wallet/balance")"

# Not every chain carries memos: the wallet's capabilities say so.
memo=
case $(ask "$url/v1/connect-info" | sed 's/.*"capabilities":\[\([^]]*\)\].*/\1/') in
*'"memo"'*) memo=", \"memo\": \"invoice $invoice\"" ;;
esac

answer=$(ask "$url/v1/transactions/send" \
    --header 'Content-Type: application/json' \
    --header "Idempotency-Key: invoice-$invoice" \
    --header 'Prefer: wait=20' \
    --data "{\"to\": \"$to\", \"amount\": \"$amount\"$memo}" \
    --write-out '\nHTTP %{http_code}')
echo "$answer"

status=$(echo "$answer" | grep -o '"status":"[A-Z]*"' | head -n 1 | cut -d '"' -f 4)
case ${answer##*HTTP } in
201) ;;
202) # on its way, held, or ended unpaid meanwhile
    case $status in
    CONFIRMED) ;;
    CANCELLED | EXPIRED | FAILED) exit 1 ;;
    *) exit 3 ;;
    esac
    ;;
403) exit 2 ;;
*) exit 1 ;;
esac
