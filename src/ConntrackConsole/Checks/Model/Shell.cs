using System.Buffers;
using ConntrackConsole.Kernel.Net;

namespace ConntrackConsole.Checks.Model;

/// <summary>Building blocks of the command lines that verify a check.</summary>
internal static class Shell
{
    private const string Metrics = "http://127.0.0.1:10249";

    private static readonly SearchValues<char> Plain =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/:=,@+");

    /// <summary>Quotes a name: names come from the cluster, and a copied command must not execute one.</summary>
    public static string Word(string word) =>
        word.Length > 0 && !word.AsSpan().ContainsAnyExcept(Plain) ? word : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>The reply's source: the only place in the entry of a Service flow that contains the pod's address.</summary>
    public static string Entries(Ip backend) => backend.IsV4 ? $"conntrack -L -r {backend}" : $"conntrack -L -f ipv6 -r {backend}";

    public static string Sysctl(params string[] names) => "sysctl " + string.Join(' ', names);

    public static string ProxyMetrics(string pattern) => $"curl -s {Metrics}/metrics | grep -E '{pattern}'";

    public static string ProxyMode => $"curl -s {Metrics}/proxyMode";

    public static string ProxyHealth => "curl -si http://127.0.0.1:10256/healthz";

    public static string InNamespace(string ns, string rest) => $"kubectl -n {Word(ns)} {rest}";
}
