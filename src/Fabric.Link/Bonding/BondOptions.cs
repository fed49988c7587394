using Fabric.Wire;

namespace Fabric.Link.Bonding;

/// <summary>How a bond works.</summary>
public sealed record BondOptions
{
    /// <summary>Most members a bond can have.</summary>
    public const int MostMembers = 16;

    /// <summary>How it decides which members to use.</summary>
    public BondMode Mode { get; init; } = BondMode.Lacp;

    /// <summary>What makes a flow.</summary>
    public BondHash Hash { get; init; } = BondHash.Layer3And4;

    /// <summary>LACP: address of this system, unique among neighbours (IEEE 802.1AX-2014, 6.3.2). LACPDUs come from it.</summary>
    public MacAddress SystemAddress { get; init; }

    /// <summary>LACP: priority of this system, 0 … 65535; of two systems the one with the lower chooses the links that are used.</summary>
    public int SystemPriority { get; init; } = 32768;

    /// <summary>LACP: key of the members, 1 … 65535; another for each bond of a system (6.3.5).</summary>
    public int Key { get; init; } = 1;

    /// <summary>LACP: speak first. Two passive sides never agree on anything.</summary>
    public bool IsActive { get; init; } = true;

    /// <summary>LACP: ask the other side to speak each second, and miss it after three; otherwise 30 and 90 seconds.</summary>
    public bool IsFast { get; init; }

    /// <summary>Fewest usable members with which the bond is up, 1 … <see cref="MostMembers"/>.</summary>
    public int MinLinks { get; init; } = 1;

    /// <summary>LACP: most members used at a time, 1 … <see cref="MostMembers"/>; the others stand by.</summary>
    public int MaxActive { get; init; } = 8;

    internal void Check(string name, IReadOnlyList<BondMember> members)
    {
        if (members.Count is 0 or > MostMembers)
            throw new LinkException($"bond {name} has {members.Count} members; give it 1 to {MostMembers}");
        if (members.Select(member => member.Port).Distinct().Count() != members.Count)
            throw new LinkException($"bond {name} has a member twice; name each port once");
        foreach (BondMember member in members)
            Require(name, $"priority of {member.Port.Name}", member.Priority, 0, ushort.MaxValue);
        Require(name, "min-links", MinLinks, 1, members.Count);
        Require(name, "number of active members", MaxActive, MinLinks, MostMembers);
        if (Mode != BondMode.Lacp)
            return;
        Require(name, "system priority", SystemPriority, 0, ushort.MaxValue);
        Require(name, "key", Key, 1, ushort.MaxValue);
        if (SystemAddress.IsGroup || SystemAddress == default)
            throw new LinkException($"bond {name} cannot speak LACP as {SystemAddress}; give it the address of a station");
    }

    private static void Require(string name, string what, int value, int least, int most)
    {
        if (value < least || value > most)
            throw new LinkException($"the {what} of bond {name} is {value}; choose {least} to {most}");
    }
}
