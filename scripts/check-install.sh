# shellcheck shell=bash
# What ./check installs. Each function installs one thing, does nothing when it is there, and fails when it cannot be had.
# Debian packages need root. Everything else goes to one folder of the user's, with the version in its name, so that it is
# installed once and not once per clone.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/plex-oidc-check

CARGO_DENY=0.20.2
CARGO_MACHETE=0.9.2

debian() {
    local package missing=()
    for package in "$@"; do
        if ! dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed; then
            missing+=("$package")
        fi
    done
    if [[ ${#missing[@]} -eq 0 ]]; then return; fi
    if [[ $EUID -ne 0 ]]; then
        echo "missing, and only root can install it: apt-get install ${missing[*]}"
        return 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update --quiet
    apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
}

# A program of the Rust registry, in one version, in $cache/bin.
cargo_program() {
    local name=$1 version=$2
    if [[ -x $cache/$name-$version/bin/$name ]]; then
        :
    else
        # Without optimisation they build in a third of the time, and run for a second either way.
        env -u CARGO_TARGET_DIR cargo install --locked --debug --root "$cache/$name-$version" "$name@$version"
    fi
    mkdir -p "$cache/bin"
    ln -sfn "$cache/$name-$version/bin/$name" "$cache/bin/$name"
}

# What e2e/ starts. Built for every step that needs it, or it would test what an earlier tree made.
install_programs() { cargo build --workspace --bins --locked; }

# What draws the samples of all pages. Apart from the programs, which are not built with what only tests need.
install_examples() { cargo build --workspace --examples --locked; }

install_cargo_deny() { cargo_program cargo-deny "$CARGO_DENY"; }

install_cargo_machete() { cargo_program cargo-machete "$CARGO_MACHETE"; }

# A toolchain in rustup's minimal profile has neither.
install_components() {
    if cargo fmt --version && cargo clippy --version; then return; fi
    rustup component add rustfmt clippy
}

install_shellcheck() { debian shellcheck; }

# systemd-analyze, which knows the names of a unit's settings.
install_systemd() { debian systemd; }

# libFuzzer is C++.
install_cxx() { debian g++; }

install_chromium() { debian chromium chromium-driver fonts-dejavu-core; }

install_openssl() { debian openssl; }

# The programs without the package apache2, which would start a server at once.
install_apache() { debian apache2-bin libapache2-mod-auth-openidc; }

# The C library of the release: its Rust part, and a compiler driver for the C in SQLite and aws-lc.
install_musl() {
    debian musl-tools
    rustup target add "$(uname -m)-unknown-linux-musl"
}

# The Python packages of e2e/ and deploy/, all of them pinned.
install_python() {
    debian python3-venv
    local wanted
    wanted=$(git hash-object e2e/requirements.txt)
    if [[ -f $cache/python/$wanted ]]; then return; fi
    rm -rf "$cache/python"
    /usr/bin/python3 -m venv "$cache/python"
    "$cache/python/bin/pip" install --quiet --disable-pip-version-check --requirement e2e/requirements.txt
    touch "$cache/python/$wanted"
}

# The Node.js packages of e2e/clients/ and e2e/browser/, as their lock file says, with the Node.js that came with the Python packages.
install_node() {
    install_python
    local wanted
    wanted=$(git hash-object e2e/clients/node/package-lock.json e2e/requirements.txt | git hash-object --stdin)
    if [[ -f $cache/node/$wanted && -d $cache/node/node_modules ]]; then return; fi
    rm -rf "$cache/node"
    mkdir -p "$cache/node"
    cp e2e/clients/node/package.json e2e/clients/node/package-lock.json "$cache/node"
    PATH=$cache/python/bin:$PATH npm ci --prefix "$cache/node" --ignore-scripts --no-audit --no-fund
    [[ -d $cache/node/node_modules ]] # npm that is stopped says nothing
    touch "$cache/node/$wanted"
}

# The proxies of e2e/gateway/. Those of Debian are unpacked and not installed: installing them would start them.
install_proxies() {
    install_python
    local wanted package
    # With what these need and a small system does not have.
    local packages=(caddy nginx haproxy liblua5.3-0 libopentracing1 libopentracing-c-wrapper0 libpcre2-8-0)
    # Another release of Debian has other versions of them.
    wanted=$( (git hash-object e2e/gateway/requirements.txt /etc/os-release; echo "${packages[@]}") | git hash-object --stdin)
    if [[ -f $cache/proxies/$wanted ]]; then return; fi
    rm -rf "$cache/proxies"
    mkdir -p "$cache/proxies/debian"
    /usr/bin/python3 -m venv "$cache/proxies/python"
    "$cache/proxies/python/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes \
        --requirement e2e/gateway/requirements.txt
    if ! apt-get download --print-uris "${packages[@]}" >/dev/null; then apt-get update --quiet; fi
    (cd "$cache/proxies/debian" && apt-get download --quiet "${packages[@]}")
    for package in "$cache"/proxies/debian/*.deb; do dpkg-deb --extract "$package" "$cache/proxies/debian"; done
    touch "$cache/proxies/$wanted"
}
