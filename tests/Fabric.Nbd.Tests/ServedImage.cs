using System.Net.Sockets;
using Fabric.Disk;

namespace Fabric.Nbd.Tests;

/// <summary>A disk served on a unix socket in a folder of its own.</summary>
internal sealed class ServedImage : IDisposable
{
    private readonly IDisk _disk;

    public ServedImage(IDisk disk, string export = "", bool readOnly = false, NbdServerOptions? options = null, TemporaryFolder? folder = null)
    {
        _disk = disk;
        Folder = folder ?? new TemporaryFolder();
        SocketPath = Folder["nbd.sock"];
        Server = NbdServer.Listen(new UnixDomainSocketEndPoint(SocketPath), [new NbdExport(export, disk, "a test", readOnly)], options);
        Uri = Server.UriOf(export);
    }

    public TemporaryFolder Folder { get; }

    public string SocketPath { get; }

    public NbdServer Server { get; }

    public string Uri { get; }

    /// <summary>A new qcow2 image, served.</summary>
    public static ServedImage Qcow2(long size, out string path)
    {
        TemporaryFolder folder = new();
        path = folder["disk.qcow2"];
        DiskImage.Create(path, new DiskCreateOptions { Format = DiskFormat.Qcow2, Size = size });
        return new ServedImage(DiskImage.Open(path), folder: folder);
    }

    /// <summary>Stops the server and closes the disk.</summary>
    public void Close()
    {
        Server.Dispose();
        _disk.Dispose();
    }

    public void Dispose()
    {
        Close();
        Folder.Dispose();
    }
}
