namespace ConntrackConsole.Testing;

/// <summary>IP headers and TCP headers in hexadecimal, to be joined.</summary>
internal static class PacketSamples
{
    public const string V4 = "4500002800004000400600000ACB01020ACB0202";
    public const string V6 = "6000000000140640FD000203000100000000000000000002FD000203000200000000000000000002";
    public const string Rst = "1F901388123456780000000050040000000000000000"; // 8080 → 5000
    public const string RstAck = "1F901388000000001234567850140000000000000000";
    public const string Fin = "1F901388123456780000000050110000000000000000";

    public static IEnumerable<byte[]> All => ((string[])[V4 + Rst, V4 + Fin, V6 + RstAck]).Select(Convert.FromHexString);
}
