using ConntrackConsole.Cluster.Model;

namespace ConntrackConsole.Tests.Cluster;

/// <summary>The content of a map as text, so that a difference between two maps is readable.</summary>
public static class MapText
{
    public static string Of(ClusterMap map) => string.Join('\n',
        map.Pods.Values.OrderBy(p => p.Uid, StringComparer.Ordinal).Select(p => $"{p with { Ips = [] }} {string.Join(' ', p.Ips)} {map.PodAt(p.Ip)?.Uid}")
            .Concat(map.Nodes.Values.OrderBy(n => n.Uid, StringComparer.Ordinal).Select(n => $"{n with { Addresses = [] }} {string.Join(' ', n.Addresses)}"))
            .Concat(map.Services.Values.OrderBy(s => s.Uid, StringComparer.Ordinal).Select(s =>
                $"{s with { ClusterIps = [], OtherIps = [], Ports = [] }} {string.Join(' ', s.ClusterIps.Concat(s.OtherIps))} {string.Join(' ', s.Ports)} {string.Join(' ', s.ClusterIps.Select(ip => map.OwnerOf(ip).Name))}"))
            .Concat(map.Slices.Values.OrderBy(s => s.Uid, StringComparer.Ordinal).Select(s =>
                $"{s with { Endpoints = [], Ports = [] }} {string.Join(' ', s.Ports)} {string.Join(' ', s.Endpoints.Select(e => $"{e with { Addresses = [] }} {string.Join(' ', e.Addresses)}"))}"))
            .Concat(map.Workloads.Values.OrderBy(w => w.Uid, StringComparer.Ordinal).Select(w => w.ToString())));
}
