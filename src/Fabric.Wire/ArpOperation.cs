namespace Fabric.Wire;

/// <summary>What an ARP packet is (RFC 826).</summary>
public enum ArpOperation : ushort
{
    /// <summary>Who has an address?</summary>
    Request = 1,

    /// <summary>The sender has it.</summary>
    Reply = 2,
}
