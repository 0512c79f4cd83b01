# Sourced by every script: a temporary folder, pinned packages in it, and checks that end the script when something changed.
# Exit codes: 0 the behaviour is as described, 1 it changed, 2 the script could not run.
set -euo pipefail
work=${FINDING_WORK:-$(mktemp -d)}
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT

cannot() { echo "cannot run: $*" >&2; exit 2; }

# need PROGRAM PACKAGE: installs a package of the system if a program of it is missing.
need() {
  command -v "$1" >/dev/null && return
  [ "$(id -u)" = 0 ] || cannot "$1 is missing (package $2)"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"; } >"$work/apt.log" 2>&1 || cannot "$2 could not be installed"
}

# debian PACKAGE=VERSION...: unpacks Debian packages into the temporary folder and puts their programs first.
debian() {
  mkdir -p "$work/unpacked"
  [ -n "${FINDING_WORK-}" ] || (cd "$work" && { apt-get download -qq "$@" || { apt-get update -qq && apt-get download -qq "$@"; }; }) >"$work/apt.log" 2>&1 || cannot "apt has not: $*"
  local file
  [ -n "${FINDING_WORK-}" ] || for file in "$work"/*.deb; do dpkg-deb -x "$file" "$work/unpacked"; done
  export PATH="$work/unpacked/usr/sbin:$work/unpacked/sbin:$work/unpacked/usr/bin:$work/unpacked/bin:$PATH"
  LD_LIBRARY_PATH=$(printf '%s:' "$work"/unpacked/usr/lib/*-linux-gnu "$work"/unpacked/lib/*-linux-gnu)
  export LD_LIBRARY_PATH
}

# in_namespace: runs the rest of the script in a network namespace of its own, without a link to anything. Installs come before it.
in_namespace() {
  [ -z "${FINDING_WORK-}" ] || return 0
  [ "$(id -u)" = 0 ] || cannot "network namespaces need root"
  local code=0
  FINDING_WORK=$work unshare --net -- bash "$0" || code=$?
  exit $code
}

# project SDK PACKAGE/VERSION...: a .NET project with Program.cs from standard input, built as $work/out/finding.
project() {
  need dotnet dotnet-sdk-10.0
  local sdk=$1 package references=""
  shift
  for package in "$@"; do references+="<PackageReference Include=\"${package%/*}\" Version=\"${package#*/}\" />"; done
  mkdir -p "$work/project"
  cat >"$work/project/Program.cs"
  cat >"$work/project/finding.csproj" <<PROJECT
<Project Sdk="$sdk"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings>
<NoWarn>NU1903;EF1001</NoWarn></PropertyGroup><ItemGroup>$references</ItemGroup></Project>
PROJECT
  (cd "$work/project" && DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 dotnet build -nodeReuse:false -p:UseSharedCompilation=false -nologo -v quiet -clp:ErrorsOnly -o "$work/out") >"$work/build.log" 2>&1 \
    || { tail -n 5 "$work/build.log" >&2; cannot "the project does not build"; }
}

# same WHAT SEEN BEFORE: the value seen now must be the one described.
same() {
  [ "$2" = "$3" ] && { echo "$1: $2"; return; }
  echo "changed: $1 is '$2', was '$3'"
  exit 1
}

# The pinned tools of Debian 12, with the libraries that a small system may lack.
debian_nft() {
  debian nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 libnftnl11=1.2.4-2 libmnl0=1.0.4-3 libjansson4=2.14-2 \
    libxtables12=1.8.9-2 libedit2=3.1-20221030-2 libbsd0=0.11.7-2 libmd0=1.0.4-2
}

debian_conntrack() {
  debian conntrack=1:1.4.7-1+b2 libnetfilter-conntrack3=1.0.9-3 libnfnetlink0=1.0.2-2 libmnl0=1.0.4-3
}
