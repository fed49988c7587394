using Fabric.Daemon.Control;
using Fabric.Daemon.Snapshots;
using Fabric.Disk;
using Fabric.Disk.Layers;
using Fabric.Topology;

namespace Fabric.Daemon.Composition;

/// <summary>A disk of a running topology: what the guest holds, and below it, exchangeable, the files of the moment.</summary>
/// <remarks>Hold, Exchange and Resume as for <see cref="PivotDisk"/>.</remarks>
internal sealed class LiveDisk : IDisposable
{
    private readonly StateFolder _folder;
    private readonly IReadOnlyList<string> _allowed;
    private readonly PivotDisk _pivot;
    private readonly PivotDisk _gate;
    private readonly ThrottledDisk? _throttle;
    private readonly CacheDisk? _cache;
    private Func<IDisk> _open;

    /// <summary>Opens a disk.</summary>
    /// <param name="model">What the topology says of it.</param>
    /// <param name="folder">Where its overlays are.</param>
    /// <param name="allowed">Folders, besides that of the overlays, in which files below it may lie.</param>
    /// <param name="record">Its layers.</param>
    /// <param name="pool">What it takes its room on the host from, or null.</param>
    /// <param name="time">Clock of throttle and faults.</param>
    /// <exception cref="DiskException">A file is in use, missing or damaged.</exception>
    public LiveDisk(DiskModel model, StateFolder folder, IReadOnlyList<string> allowed, DiskRecord record, StoragePool? pool, TimeProvider time)
    {
        Model = model;
        _folder = folder;
        _allowed = model.File is null ? [folder.Disks, .. allowed] : [folder.Disks, Path.GetDirectoryName(model.File)!, .. allowed];
        _open = () => OpenLayer(record.Find(record.Active), model.IsReadOnly);
        File = PathOf(record.Active);
        _pivot = new PivotDisk(_open());
        IDisk inner = pool is null ? _pivot : new PoolDisk(_pivot, pool);
        if (model.CopyOnRead)
            inner = new CopyOnReadDisk(inner);
        if (model.CacheBytes is { } bound)
            inner = _cache = new CacheDisk(inner, bound);
        if (model.Faults.Count > 0)
            inner = new FaultDisk(inner, model.Faults.Select(RuleOf), seed: 0, time);
        _gate = inner == _pivot ? _pivot : new PivotDisk(inner);
        _throttle = model.Throttle is { } limits ? new ThrottledDisk(_gate, LimitsOf(limits), time) : null;
        Top = (IDisk?)_throttle ?? _gate;
    }

    /// <summary>What the topology says of it.</summary>
    public DiskModel Model { get; }

    /// <summary>Name in the topology.</summary>
    public string Name => Model.Name;

    /// <summary>What a machine is given.</summary>
    public IDisk Top { get; }

    /// <summary>Absolute path of the file that is written.</summary>
    public string File { get; private set; }

    /// <summary>The record of a disk that never had a snapshot: the one file the topology names.</summary>
    public static DiskRecord FirstRecord(DiskModel model, StateFolder folder)
    {
        string file = model.File ?? Path.GetFileName(folder.DiskFile(model.Name, model.Format));
        return new DiskRecord(file, [new LayerRecord(file, model.Format, null)]);
    }

    /// <summary>Absolute path of a layer's file.</summary>
    public string PathOf(string file) => Path.Combine(_folder.Disks, file);

    /// <summary>Waits until no request is under way, and lets none in.</summary>
    public void Hold() => _gate.Hold();

    /// <summary>With requests held: brings everything to stable storage, what layers keep in memory included.</summary>
    public DiskStatus FlushHeld() => _gate.Target.Flush();

    /// <summary>With requests held: forgets what layers keep in memory, written or not.</summary>
    public void ForgetHeld() => _cache?.Forget();

    /// <summary>Lets throttled requests through from now on: for taking the topology down.</summary>
    public void Lift() => _throttle?.Lift();

    /// <summary>Lets requests in again.</summary>
    public void Resume() => _gate.Resume();

    /// <summary>Closes the files and opens others. When those cannot be opened, the former are opened again.</summary>
    /// <param name="file">The layer that is written from now on.</param>
    /// <param name="open">Opens the files.</param>
    /// <exception cref="DiskException">They cannot be opened.</exception>
    public void Exchange(string file, Func<IDisk> open)
    {
        long length = _pivot.Length;
        // Where layers lie between gate and pivot, the gate holds the guest; nobody is left to be held here.
        if (_pivot != _gate)
            _pivot.Hold();
        _pivot.Target.Dispose();
        IDisk? next = null;
        try
        {
            next = open();
            _open = open;
            File = PathOf(file);
        }
        catch
        {
            next = Reopen(length);
            throw;
        }
        finally
        {
            _pivot.Exchange(next ?? new BrokenDisk(length));
            if (_pivot != _gate)
                _pivot.Resume();
        }
    }

    /// <summary>Closes the files and opens those of a record.</summary>
    public void Exchange(DiskRecord record) => Exchange(record.Active, () => OpenLayer(record.Find(record.Active), Model.IsReadOnly));

    /// <summary>Opens the files of a record for reading and closes them again: what is wrong with them, and what opening takes the first time, comes
    /// before anybody is held.</summary>
    /// <exception cref="DiskException">They cannot be opened.</exception>
    public void Try(DiskRecord record)
    {
        LayerRecord active = record.Find(record.Active);
        DiskImage.Open(PathOf(active.File), new DiskOpenOptions { Format = FormatOf(active), ReadOnly = true, IgnoreLocks = true, AllowedFolders = _allowed }).Dispose();
    }

    /// <summary>Opens a layer with everything below it.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="readOnly">For reading only.</param>
    /// <param name="backing">What lies below, open already, or null to open what the file names.</param>
    public ImageDisk OpenLayer(LayerRecord layer, bool readOnly, IDisk? backing = null) => DiskImage.Open(PathOf(layer.File), new DiskOpenOptions
    {
        Format = FormatOf(layer),
        ReadOnly = readOnly,
        AllowedFolders = _allowed,
        Backing = backing,
    });

    /// <summary>Opens a layer without what lies below it.</summary>
    public ImageDisk OpenAlone(LayerRecord layer, bool readOnly) => DiskImage.Open(PathOf(layer.File), new DiskOpenOptions
    {
        Format = FormatOf(layer),
        ReadOnly = readOnly,
        WithoutBacking = true,
        AllowedFolders = _allowed,
    });

    /// <summary>A layer's format.</summary>
    public static DiskFormat FormatOf(LayerRecord layer) =>
        ParseFormat(layer.Format) ?? throw new DaemonException($"{layer.File}: unknown format '{layer.Format}'; {string.Join(", ", DiskImage.FormatNames)} are known");

    /// <summary>A format by the name it has in topology files; null for one that this program does not know.</summary>
    public static DiskFormat? ParseFormat(string name) => name == "vhd" ? DiskFormat.Vhd : DiskImage.TryParseFormat(name, out DiskFormat format) ? format : null;

    /// <summary>Flushes and closes.</summary>
    public void Dispose() => Top.Dispose();

    private static ThrottleLimits LimitsOf(ThrottleModel model) =>
        new() { Iops = model.Iops, IopsBurst = model.IopsBurst, BytesPerSecond = model.BytesPerSecond, BytesBurst = model.BytesBurst };

    private static FaultRule RuleOf(DiskFaultModel model) => new()
    {
        Operations = model.On switch
        {
            "read" => DiskOperations.Read,
            "write" => DiskOperations.Write,
            "zero" => DiskOperations.WriteZeroes,
            "discard" => DiskOperations.Discard,
            "flush" => DiskOperations.Flush,
            _ => DiskOperations.All,
        },
        Every = model.Every,
        Status = model.Answer switch { "ok" => DiskStatus.Ok, "no-space" => DiskStatus.NoSpace, _ => DiskStatus.IoError },
        Delay = model.Delay,
    };

    private IDisk Reopen(long length)
    {
        try
        {
            return _open();
        }
        catch (DiskException)
        {
            // The first error says why; the guest meets failing requests.
            return new BrokenDisk(length);
        }
    }
}
