using System.Text;
using Fabric.Disk;
using Fabric.Nbd.Protocol;

namespace Fabric.Nbd;

/// <summary>A disk under the name that clients ask for.</summary>
/// <remarks>The caller keeps the disk, and disposes it after the server.</remarks>
public sealed class NbdExport
{
    /// <summary>Names a disk.</summary>
    /// <param name="name">The name, at most 4096 bytes of UTF-8; the empty one is what clients ask for when told nothing.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="description">For people, shown by listings; null for none.</param>
    /// <param name="readOnly">Refuse to change the disk, whatever it can do itself.</param>
    public NbdExport(string name, IDisk disk, string? description = null, bool readOnly = false)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(disk);
        if (Encoding.UTF8.GetByteCount(name) > Limits.MaxString)
            throw new ArgumentException($"An export's name has at most {Limits.MaxString} bytes.", nameof(name));
        if (description is not null && Encoding.UTF8.GetByteCount(description) > Limits.MaxString)
            throw new ArgumentException($"An export's description has at most {Limits.MaxString} bytes.", nameof(description));
        Name = name;
        Disk = disk;
        Description = description;
        IsReadOnly = readOnly || disk.IsReadOnly;
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>For people; null for none.</summary>
    public string? Description { get; }

    /// <summary>The disk.</summary>
    public IDisk Disk { get; }

    /// <summary>True when requests that change the disk are answered with EPERM.</summary>
    public bool IsReadOnly { get; }

    /// <summary>Requests must begin and end at multiples of this, in bytes.</summary>
    internal int MinimumBlock => Disk.LogicalBlockSize > 512 ? Disk.LogicalBlockSize : 1;

    internal TransmissionFlags FlagsFor(bool structured)
    {
        // Several connections see one cache (the host's), and a flush on one covers writes answered on all: proto.md, CAN_MULTI_CONN.
        TransmissionFlags flags = TransmissionFlags.HasFlags | TransmissionFlags.SendFlush | TransmissionFlags.SendForceUnitAccess
            | TransmissionFlags.CanMultiConnect | TransmissionFlags.SendCache;
        if (structured)
            flags |= TransmissionFlags.SendDontFragment;
        return IsReadOnly
            ? flags | TransmissionFlags.ReadOnly
            : flags | TransmissionFlags.SendTrim | TransmissionFlags.SendWriteZeroes | TransmissionFlags.SendFastZero;
    }
}
