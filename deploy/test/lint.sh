#!/usr/bin/env bash
# Looks at everything in deploy/ with the tools that are installed, and says which are not. Nothing is
# started. INKSTREAM names the command that reads the rendered settings.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly INKSTREAM=${INKSTREAM:-.venv/bin/inkstream}
readonly KUBERNETES=1.31
readonly CHART=deploy/helm/inkstream
WORK=$(mktemp -d)
readonly WORK
trap 'rm -rf "$WORK"' EXIT
failures=0

main() {
    lint dockerfiles hadolint hadolint deploy/docker/Dockerfile deploy/docker/Dockerfile.gpu
    lint_compose
    lint "prometheus.yml" promtool promtool check config --syntax-only deploy/compose/prometheus.yml
    lint "alerts.yml" promtool promtool check rules deploy/prometheus/alerts.yml
    lint_chart
    lint_unit
    lint "shell scripts" shellcheck shellcheck deploy/test/*.sh
    exit $((failures > 0))
}

# lint WHAT TOOL COMMAND...: its output is shown only where it fails.
lint() {
    local what=$1 tool=$2
    shift 2
    if ! command -v "$tool" >"$WORK/found"; then
        echo "skipped  $what: $tool is not installed"
    elif "$@" >"$WORK/output" 2>&1; then
        echo "passed   $what ($tool)"
    else
        echo "FAILED   $what ($tool)"
        cat "$WORK/output"
        failures=$((failures + 1))
    fi
}

lint_compose() {
    local file=deploy/compose/compose.yaml
    if docker compose version >"$WORK/output" 2>&1; then
        GRAFANA_PASSWORD=any lint compose.yaml docker \
            docker compose --file "$file" config --quiet
    else
        # The loader of the compose specification as a command; it knows no environment.
        sed 's/\${[A-Z_]*:-\([^}]*\)}/\1/; s/\${[^}]*}/any/' "$file" >"$WORK/compose.yaml"
        lint compose.yaml compose-spec compose-spec "$WORK/compose.yaml"
    fi
}

lint_chart() {
    local values name
    for values in "$CHART/values.yaml" "$CHART"/ci/*.yaml; do
        name=$(basename "$values")
        lint "chart with $name" helm helm lint --strict --quiet --kube-version "$KUBERNETES" \
            --values "$values" "$CHART"
        command -v helm >"$WORK/found" || continue
        helm template test "$CHART" --kube-version "$KUBERNETES" --values "$values" \
            >"$WORK/$name" || continue # helm lint has said why
        lint_manifests "$WORK/$name"
        lint_settings "$WORK/$name"
    done
}

# Kinds that Kubernetes does not know itself, such as ServiceMonitor, are not looked at.
lint_manifests() {
    if command -v kubernetes-validate >"$WORK/found"; then # brings its schemas along
        lint "  manifests" kubernetes-validate kubernetes-validate --strict \
            --kubernetes-version "$KUBERNETES" "$1"
    else
        lint "  manifests" kubeconform kubeconform -strict -ignore-missing-schemas \
            -kubernetes-version "$KUBERNETES.0" "$1"
    fi
}

# What the chart makes the server's settings of must be settings.
lint_settings() {
    sed -n '/^  config.yaml: |$/,/^---$/{s/^    //p}' "$1" >"$WORK/config.yaml"
    lint "  settings" "$INKSTREAM" "$INKSTREAM" config show --config "$WORK/config.yaml"
}

lint_unit() {
    # Where the server is not installed, systemd would say that there is nothing to start.
    sed 's#^ExecStart=/opt/inkstream/bin/inkstream#ExecStart=/bin/true#' \
        deploy/systemd/inkstream.service >"$WORK/inkstream.service"
    lint inkstream.service systemd-analyze systemd-analyze verify "$WORK/inkstream.service"
    # 1.7 of 10, where 10 is no protection at all.
    lint "inkstream.service, exposure" systemd-analyze systemd-analyze security --offline=true \
        --threshold=20 "$WORK/inkstream.service"
}

main
