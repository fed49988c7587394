namespace Fabric.Virtio;

/// <summary>The control queue of a network device (virtio 1.2, section 5.1.6.5): the commands that a switch port needs to understand.</summary>
/// <remarks>Receive filters are best effort by the standard (5.1.6.5.1: unwanted packets could still arrive), and a switch sends a port
/// little it did not ask for: the filter commands are checked and accepted, and change nothing.</remarks>
internal static class NetControl
{
    private const byte Accepted = 0;
    private const byte Refused = 1;
    private const byte ClassReceive = 0;
    private const byte ClassMac = 1;
    private const byte ClassVlan = 2;
    private const byte MacTableSet = 0;
    private const byte MacAddressSet = 1;
    private const int MacLength = 6;

    /// <summary>Carries out one command.</summary>
    /// <param name="chain">The command; its readable part is used up.</param>
    /// <param name="features">The features agreed on.</param>
    /// <param name="mac">The new address, when the command was to set it; else left alone.</param>
    /// <param name="macSet">True when <paramref name="mac"/> was filled.</param>
    /// <returns>False when the chain has no header or no room for the answer.</returns>
    internal static bool TryServe(ref DescriptorChain chain, ulong features, scoped Span<byte> mac, out bool macSet)
    {
        macSet = false;
        Span<byte> header = stackalloc byte[2];
        if (!chain.TryTakeLastWritable(out Span<byte> answer) || !chain.TryTakeReadable(header))
            return false;
        bool accepted = header[0] switch
        {
            // RX_PROMISC, ALLMULTI; the extra modes (2 to 5) were not offered.
            ClassReceive => (features & NetFeatures.ControlReceive) != 0 && header[1] <= 1 && chain.ReadableLength == 1,
            ClassVlan => (features & NetFeatures.ControlVlan) != 0 && header[1] <= 1 && TryTakeVlan(ref chain),
            ClassMac when header[1] == MacTableSet => (features & NetFeatures.ControlReceive) != 0 && TryTakeTable(ref chain) && TryTakeTable(ref chain),
            ClassMac when header[1] == MacAddressSet => macSet =
                (features & NetFeatures.ControlMac) != 0 && chain.ReadableLength == MacLength && chain.TryTakeReadable(mac),
            _ => false,
        };
        answer[0] = accepted ? Accepted : Refused;
        return true;
    }

    private static bool TryTakeVlan(ref DescriptorChain chain)
    {
        Span<byte> vlan = stackalloc byte[2];
        return chain.TryTakeReadable(vlan) && BitConverter.ToUInt16(vlan) < 4096;
    }

    // 5.1.6.5.2: a 32-bit count and as many addresses. The count is only ever compared with what is there.
    private static bool TryTakeTable(ref DescriptorChain chain)
    {
        Span<byte> count = stackalloc byte[4];
        if (!chain.TryTakeReadable(count))
            return false;
        long entries = BitConverter.ToUInt32(count);
        if (entries * MacLength > chain.ReadableLength)
            return false;
        Span<byte> entry = stackalloc byte[MacLength];
        for (long i = 0; i < entries; i++)
        {
            if (!chain.TryTakeReadable(entry))
                return false;
        }

        return true;
    }
}
