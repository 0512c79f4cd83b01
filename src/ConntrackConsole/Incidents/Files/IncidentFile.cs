using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace ConntrackConsole.Incidents.Files;

/// <summary>
/// The outer form of an incident file: "CTKINC" · version u16 · plain length u32 · packed length u32 · SHA-256 over all of these and the packed
/// bytes · packed bytes (Brotli). Little-endian. Nothing of the content is read before the checksum is right.
/// </summary>
internal static class IncidentFile
{
    public const ushort Version = 1;

    /// <summary>Maximum size of a file.</summary>
    public const int MaxBytes = 64 << 20;

    /// <summary>Maximum size of its content: few packed bytes must not become gigabytes.</summary>
    public const int MaxPlain = 256 << 20;

    private const int HeadLength = 6 + 2 + 4 + 4, Length = HeadLength + SHA256.HashSizeInBytes;

    // Brotli's best takes seconds for some megabytes.
    private const int MaxForBest = 4 << 20;

    private static ReadOnlySpan<byte> Magic => "CTKINC"u8;

    /// <exception cref="IncidentFileException">The content is too large.</exception>
    public static byte[] Pack(ReadOnlySpan<byte> plain)
    {
        if (plain.Length > MaxPlain)
            throw TooLarge("content", plain.Length, MaxPlain);
        byte[] bytes = new byte[Length + BrotliEncoder.GetMaxCompressedLength(plain.Length)];
        if (!BrotliEncoder.TryCompress(plain, bytes.AsSpan(Length), out int packed, plain.Length <= MaxForBest ? 11 : 5, window: 24))
            throw new IncidentFileException(IncidentFileCodes.Unavailable, "The incident cannot be compressed.");
        if (Length + packed > MaxBytes)
            throw TooLarge("file", Length + packed, MaxBytes);
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), (uint)plain.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), (uint)packed);
        Checksum(bytes.AsSpan(0, Length + packed)).CopyTo(bytes.AsSpan(HeadLength));
        return bytes[..(Length + packed)];
    }

    /// <exception cref="IncidentFileException">It is no incident file of this version, or it is damaged.</exception>
    public static byte[] Unpack(ReadOnlySpan<byte> file)
    {
        if (file.Length > MaxBytes)
            throw TooLarge("file", file.Length, MaxBytes);
        if (file.Length < 8 || !file.StartsWith(Magic))
            throw new IncidentFileException(
                file.Length < 8 && Magic.StartsWith(file[..Math.Min(file.Length, Magic.Length)]) && file.Length > 0 ? IncidentFileCodes.Truncated : IncidentFileCodes.NotAnIncident,
                "This is no incident file: it does not begin as one.");
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(file[6..]);
        if (version > Version)
            throw new IncidentFileException(IncidentFileCodes.Newer, $"The incident file has version {version}, and this program reads up to {Version}: use the version of the program that wrote it, or a newer one.");
        if (version == 0)
            throw Damaged("it has version 0");
        if (file.Length < Length)
            throw Truncated(file.Length, Length);
        uint plain = BinaryPrimitives.ReadUInt32LittleEndian(file[8..]), packed = BinaryPrimitives.ReadUInt32LittleEndian(file[12..]);
        if (plain > MaxPlain || packed > MaxBytes)
            throw TooLarge("content", plain, MaxPlain);
        if (file.Length - Length < packed)
            throw Truncated(file.Length, Length + packed);
        if (file.Length - Length > packed)
            throw Damaged("it is longer than its content");
        if (!CryptographicOperations.FixedTimeEquals(Checksum(file), file.Slice(HeadLength, SHA256.HashSizeInBytes)))
            throw Damaged("its checksum is wrong");
        byte[] content = new byte[plain];
        if (!BrotliDecoder.TryDecompress(file[Length..], content, out int written) || written != plain)
            throw Damaged("its content cannot be unpacked");
        return content;
    }

    public static IncidentFileException Damaged(string why) => new(IncidentFileCodes.Damaged, $"The incident file is damaged: {why}. Copy or export it again.");

    public static IncidentFileException TooLarge(string what, long bytes, long max) => new(
        IncidentFileCodes.TooLarge, $"The incident's {what} has {bytes >> 20} MiB, and the limit is {max >> 20} MiB: choose a shorter window.");

    private static IncidentFileException Truncated(long bytes, long whole) => new(
        IncidentFileCodes.Truncated, $"The incident file ends after {bytes} of {whole} bytes: copy or export it again.");

    private static byte[] Checksum(ReadOnlySpan<byte> file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(file[..HeadLength]);
        hash.AppendData(file[Length..]);
        return hash.GetHashAndReset();
    }
}
