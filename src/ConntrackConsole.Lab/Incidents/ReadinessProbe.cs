using System.Net;
using System.Net.Sockets;
using ConntrackConsole.Kernel.Net;
using ConntrackConsole.Lab.Network;

namespace ConntrackConsole.Lab.Incidents;

/// <summary>
/// The tcpSocket probe of a pod, once a second from its node: the kubelet connects and closes first, so each leaves a TIME_WAIT entry
/// of two minutes in the node's table, with the pod as destination.
/// </summary>
internal static class ReadinessProbe
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    public static async Task RunAsync(LabNode node, Ip pod, int port, Task exited, CancellationToken stop)
    {
        var address = new IPEndPoint(IPAddress.Parse(pod.ToString()), port);
        using var timer = new PeriodicTimer(Period);
        try
        {
            while (!exited.IsCompleted)
            {
                await ProbeAsync(node, address, stop);
                await timer.WaitForNextTickAsync(stop);
            }
        }
        catch (OperationCanceledException)
        {
            // The lab ends.
        }
    }

    private static async Task ProbeAsync(LabNode node, IPEndPoint address, CancellationToken stop)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stop);
        timeout.CancelAfter(Period);
        // A socket belongs to the namespace in which it was created.
        using var socket = node.Namespace.Run(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await socket.ConnectAsync(address, timeout.Token);
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            // The pod does not answer: its object's readiness is not derived from it.
        }
    }
}
