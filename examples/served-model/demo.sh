#!/bin/sh
# One inference that the gateway lets through, and three requests that it refuses, on ports that are free; and what the watch makes of them.
set -eu
work=$(mktemp -d)
server='' gateway='' watch=''
trap 'kill $gateway $server $watch 2>/dev/null || true; wait; rm -rf "$work"' EXIT
cp "$(dirname "$0")"/*.* "$work"
cd "$work"
ports=$(python -c 'import socket; s = [socket.create_server(("127.0.0.1", 0)) for _ in "ab"]; print(*(x.getsockname()[1] for x in s))')
inner=${ports% *} outer=${ports#* }
sed -e "s/8080/$inner/" -e "s/8443/$outer/" gateway.toml >here.toml

garrison gateway certs -o certs >certs.log
garrison ledger init audit --origin demo.example/gateway >audit.log
key=$(garrison keys issue --gateway here.toml --client ada --role data-scientist --owner research 2>keys.log)
python server.py "$inner" & server=$!
garrison gateway run here.toml 2>gateway.log & gateway=$!
garrison ledger init ledger --origin demo.example/watch >ledger.log
garrison watch run watch.toml 2>watch.log & watch=$!
until grep -q ' listens on ' gateway.log; do
  kill -0 $gateway || { cat gateway.log >&2; exit 1; }
  sleep 0.1
done

ask() { # what is said of it, the path, then curl's own arguments
  printf '%s\n  ' "$1"
  address="https://localhost:$outer$2"
  shift 2
  curl --silent --cacert certs/ca.pem --write-out '  (status %{http_code})\n' "$@" "$address" | tr -d '\n'
  echo
}
flower='{"inputs": [{"name": "flower", "datatype": "FP64", "shape": [1, 4], "data": [5.1, 3.5, 1.4, 0.2]}]}'
infer=/v2/models/iris/infer
json='content-type: application/json'
ask 'Ada asks the model:' $infer -H "x-api-key: $key" -H "$json" -d "$flower"
ask 'Somebody without a key does:' $infer -H "$json" -d "$flower"
ask 'Ada sends a tensor of another shape:' $infer -H "x-api-key: $key" -H "$json" -d "$(echo "$flower" | sed 's/1, 4/1, 5/')"
ask 'Ada wants to unload the model:' /v2/repository/models/iris/unload -H "x-api-key: $key" -X POST

tries=0
until garrison alerts 2>/dev/null | grep -q iris; do
  tries=$((tries + 1))
  kill -0 $watch && [ $tries -lt 60 ] || { cat watch.log >&2; exit 1; }
  sleep 0.2
done
echo 'The watch has noticed:'
garrison alerts
kill $watch && wait $watch
watch=''
echo 'It has kept the four requests:'
garrison logs --store watch --fields time,decision,actor_user,api_operation,status_detail
echo 'Its ledger vouches for what was stored:'
garrison logs verify --store watch --ledger ledger
