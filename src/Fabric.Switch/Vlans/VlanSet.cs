using System.Globalization;
using System.Runtime.CompilerServices;

namespace Fabric.Switch.Vlans;

/// <summary>A set of VLAN identifiers, 1 … 4094. Immutable.</summary>
public sealed class VlanSet : IEquatable<VlanSet>
{
    /// <summary>Largest identifier of a VLAN (IEEE 802.1Q, table 9-2).</summary>
    public const int MaxVid = 4094;

    private readonly ulong[] _bits;

    private VlanSet(ulong[] bits) => _bits = bits;

    /// <summary>All of them.</summary>
    public static VlanSet All { get; } = Range(1, MaxVid);

    /// <summary>None.</summary>
    public static VlanSet None { get; } = Of();

    /// <summary>Some.</summary>
    /// <param name="vids">Identifiers.</param>
    /// <exception cref="SwitchException">One is not in 1 … 4094.</exception>
    public static VlanSet Of(params ReadOnlySpan<int> vids)
    {
        ulong[] bits = new ulong[64];
        foreach (int vid in vids)
            bits[Checked(vid) >> 6] |= 1UL << vid;
        return new VlanSet(bits);
    }

    /// <summary>Those from one to another.</summary>
    /// <param name="first">The first.</param>
    /// <param name="last">The last.</param>
    /// <exception cref="SwitchException">One is not in 1 … 4094.</exception>
    public static VlanSet Range(int first, int last)
    {
        ulong[] bits = new ulong[64];
        for (int vid = Checked(first); vid <= Checked(last); vid++)
            bits[vid >> 6] |= 1UL << vid;
        return new VlanSet(bits);
    }

    /// <summary>Reads the usual notation.</summary>
    /// <param name="text">Such as <c>1,10-20,4094</c>, or <c>all</c>.</param>
    /// <exception cref="SwitchException">It is none, with what is wrong.</exception>
    public static VlanSet Parse(string text)
    {
        if (text == "all")
            return All;
        ulong[] bits = new ulong[64];
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] ends = part.Split('-');
            if (ends.Length > 2 || !TryReadVid(ends[0], out int first) || !TryReadVid(ends[^1], out int last) || first > last)
                throw new SwitchException($"\"{part}\" in \"{text}\" is no VLAN or range of VLANs: write 10 or 10-20, each from 1 to {MaxVid}");
            for (int vid = first; vid <= last; vid++)
                bits[vid >> 6] |= 1UL << vid;
        }

        return new VlanSet(bits);
    }

    /// <summary>Whether a VLAN is in the set.</summary>
    /// <param name="vid">0 … 4095; 0 and 4095 never are.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(int vid) => (_bits[(vid >> 6) & 63] >> vid & 1) != 0;

    /// <inheritdoc/>
    public bool Equals(VlanSet? other) => other is not null && _bits.AsSpan().SequenceEqual(other._bits);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as VlanSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (ulong bits in _bits)
            hash.Add(bits);
        return hash.ToHashCode();
    }

    /// <summary>Throws where an identifier is none.</summary>
    /// <param name="vid">Identifier.</param>
    /// <returns>The same.</returns>
    internal static int Checked(int vid) =>
        vid is >= 1 and <= MaxVid ? vid : throw new SwitchException($"VLAN {vid} does not exist: VLANs are numbered from 1 to {MaxVid}");

    private static bool TryReadVid(string text, out int vid) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out vid) && vid is >= 1 and <= MaxVid;
}
