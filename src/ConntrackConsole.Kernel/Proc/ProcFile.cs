using Microsoft.Win32.SafeHandles;

namespace ConntrackConsole.Kernel.Proc;

/// <summary>
/// A file of procfs that is read every second: opened once, so that each reading is one system call and allocates nothing. It belongs
/// to the namespace of the thread that reads first. For files that the kernel writes in one piece. Not thread-safe.
/// </summary>
/// <param name="path">The path.</param>
internal sealed class ProcFile(string path) : IDisposable
{
    private SafeFileHandle? _handle;
    private byte[] _buffer = new byte[64];

    /// <summary>The path.</summary>
    public string Path => path;

    /// <summary>Reads the whole file.</summary>
    /// <param name="content">Valid until the next call.</param>
    /// <returns>False if the file does not exist: checked first, because a kernel that lacks it would cost an exception a second.</returns>
    /// <exception cref="IOException">It cannot be read; the next call opens it again.</exception>
    /// <exception cref="UnauthorizedAccessException">As <see cref="IOException"/>.</exception>
    public bool TryRead(out ReadOnlySpan<byte> content)
    {
        content = default;
        if (_handle is null && !File.Exists(path))
            return false;
        try
        {
            _handle ??= File.OpenHandle(path);
            int length;
            while ((length = RandomAccess.Read(_handle, _buffer, 0)) == _buffer.Length)
                _buffer = new byte[_buffer.Length * 4];
            content = _buffer.AsSpan(0, length);
            return true;
        }
        catch (IOException)
        {
            Dispose(); // The module was unloaded: after it is loaded again this is another file.
            throw;
        }
    }

    /// <summary>Closes the file; the next reading opens it again.</summary>
    public void Dispose()
    {
        _handle?.Dispose();
        _handle = null;
    }
}
