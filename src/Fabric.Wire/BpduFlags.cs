namespace Fabric.Wire;

/// <summary>The flags octet of a BPDU (IEEE 802.1D-2004, 9.3.3). A configuration BPDU has the first and the last alone.</summary>
[Flags]
public enum BpduFlags : byte
{
    /// <summary>None, and port role Unknown.</summary>
    None = 0,

    /// <summary>The topology has changed.</summary>
    TopologyChange = 0x01,

    /// <summary>A designated port asks to forward at once.</summary>
    Proposal = 0x02,

    /// <summary>Port role Alternate or Backup.</summary>
    Alternate = 0x04,

    /// <summary>Port role Root.</summary>
    Root = 0x08,

    /// <summary>Port role Designated; also the mask of the role's two bits.</summary>
    Designated = 0x0C,

    /// <summary>The sender's port learns.</summary>
    Learning = 0x10,

    /// <summary>The sender's port forwards.</summary>
    Forwarding = 0x20,

    /// <summary>A root, alternate or backup port agrees that the designated port forwards.</summary>
    Agreement = 0x40,

    /// <summary>Acknowledges a topology change notification.</summary>
    TopologyChangeAcknowledgment = 0x80,
}
