using System.Net.Sockets;

namespace ConntrackConsole.Testing;

/// <summary>
/// A number that no other test of this machine has at the same time, of whichever program: an abstract Unix socket bears it,
/// which the kernel frees when the program ends, however it ends.
/// </summary>
internal sealed class ClaimedNumber : IDisposable
{
    private static int _next = Environment.ProcessId;

    private readonly Socket _socket;

    private ClaimedNumber(int value, Socket socket)
    {
        Value = value;
        _socket = socket;
    }

    public int Value { get; }

    /// <returns>A free number from 0 to <paramref name="count"/> − 1; one that was free for long rather than one just freed.</returns>
    /// <exception cref="InvalidOperationException">All are taken.</exception>
    public static ClaimedNumber Take(string purpose, int count)
    {
        for (int tried = 0; tried < count; tried++)
        {
            int value = (int)((uint)Interlocked.Increment(ref _next) % (uint)count);
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Bind(new UnixDomainSocketEndPoint($"\0conntrack-console-tests/{purpose}/{value}"));
                return new ClaimedNumber(value, socket);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                socket.Dispose();
            }
        }

        throw new InvalidOperationException($"All {count} numbers of {purpose} are taken.");
    }

    public void Dispose() => _socket.Dispose();
}
